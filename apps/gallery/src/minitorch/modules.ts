import { Module, Parameter } from "@gradus/nn/module";
import { Scalar } from "@gradus/scalar-autodiff";

/*
 * A tree of modules whose parameters are single numbers. `Module` does not know what a parameter is; the same class carries networks of
 * tensors.
 */

class ModuleA1 extends Module<Scalar> {
  readonly p1 = new Parameter(new Scalar(5));
  /** Neither a parameter nor a module: nobody's business but the class's own. */
  readonly nonParam = 10;
  readonly a = new ModuleA2();
  readonly b = new ModuleA3();

  forward(x: number): Scalar {
    return this.p1.mul(x).add(this.a.call(x)).add(this.b.call(x));
  }
}

class ModuleA2 extends Module<Scalar> {
  readonly p2 = new Parameter(new Scalar(10));

  forward(x: number): Scalar {
    return this.p2.mul(x);
  }
}

class ModuleA3 extends Module<Scalar> {
  readonly c = new ModuleA4();

  forward(x: number): Scalar {
    return this.c.call(x);
  }
}

class ModuleA4 extends Module<Scalar> {
  readonly p3 = new Parameter(new Scalar(15));

  forward(x: number): Scalar {
    return this.p3.add(x);
  }
}

/** Parameters by name, and modes that spread through the tree. */
export function modules(): void {
  const module = new ModuleA1();
  console.log(module);
  for (const [name, parameter] of module.namedParameters()) console.log(name, "=", parameter.value.data);
  console.log("modules:", module.namedModules().map(([path]) => path || "(itself)").join(", "));

  const modes = (): string => module.modules().map(({ training }) => (training ? "train" : "eval")).join(" ");
  console.log("at first:", modes());
  module.eval();
  console.log("after eval():", modes());
  module.a.train();
  console.log("after a.train():", modes());
  module.train();

  const y = module.call(2);
  console.log("module(2) =", y.data);
  y.backward();
  for (const [name, { derivative }] of module.namedParameters()) console.log(`∂/∂${name} =`, derivative);

  module.b.c.p3.data = 1;
  console.log("b.c.p3 is now", module.getParameter("b.c.p3").data);
}
