import { expressionsOf, mapExpressions } from "../children.js";
import type { AluExpr, Expr, TranscendentalOp } from "../expr.js";
import { ExprBuilder, topological, transcendentalOps } from "../expr.js";
import type { Program } from "../program.js";
import { erf } from "./erf.js";
import { exp } from "./exp.js";
import { log } from "./log.js";
import type { Dialect } from "./notation.js";
import { Real } from "./notation.js";
import { pow } from "./pow.js";
import { cos, sin } from "./sin-cos.js";
import { tanh } from "./tanh.js";

/** The float32 functions in primitive ops. A new one is a line here, one in `hostMath`, and its formula in a file beside this. */
const float32Math: Readonly<Record<TranscendentalOp, (x: Real, y: Real) => Real>> = { exp, log, sin, cos, tanh, erf, pow };

type Transcendental = AluExpr & { readonly op: TranscendentalOp };

const names: readonly string[] = transcendentalOps;
const isLowered = (expr: Expr): expr is Transcendental => expr.dtype === "float32" && names.includes(expr.op);

/** What may be assumed of a device: false unless said. The results are the same. */
export type LoweringOptions = Partial<Omit<Dialect, "builder">>;

class Lowering {
  readonly #done = new Map<Expr, Expr>();

  readonly #dialect: Dialect;

  constructor(readonly builder: ExprBuilder, { keepsSums = false }: LoweringOptions) {
    this.#dialect = { builder, keepsSums };
  }

  of(root: Expr): Expr {
    for (const expr of topological([root])) {
      if (this.#done.has(expr)) continue;
      const args = expr.args.map((arg) => this.#done.get(arg) ?? arg);
      this.#done.set(expr, this.#node(expr, args));
    }
    return this.#done.get(root) ?? root;
  }

  #node(expr: Expr, args: readonly Expr[]): Expr {
    if (!isLowered(expr)) return this.builder.rebuild(expr, args);
    const [x = expr, y = x] = args;
    return float32Math[expr.op](new Real(this.#dialect, x), new Real(this.#dialect, y)).expr;
  }
}

/**
 * An expression rebuilt in `builder` with every float32 transcendental function in it written out in primitive ops. Those of
 * float64 stay: generators call `hostMath` for them.
 */
export function lowerExpression(builder: ExprBuilder, expr: Expr, options: LoweringOptions = {}): Expr {
  return new Lowering(builder, options).of(expr);
}

/**
 * A program with every float32 transcendental function in it written out in primitive ops; the same object where there is
 * none. What the program shares stays shared.
 */
export function lowerProgram(program: Program, options: LoweringOptions = {}): Program {
  const roots = expressionsOf(program);
  if (!topological(roots).some(isLowered)) return program;
  const lowering = new Lowering(new ExprBuilder(), options);
  return mapExpressions(program, (expr) => lowering.of(expr));
}
