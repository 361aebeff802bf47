import type { UpdateRule } from "@gradus/autograd";

/**
 * One rule for each combination of switches, made when it is first asked for. Tensors compile a rule by its identity, so the same
 * switches must give the same object.
 */
export function variants<Switches extends Readonly<Record<string, boolean>>>(make: (switches: Switches) => UpdateRule): (switches: Switches) => UpdateRule {
  const made = new Map<number, UpdateRule>();
  return (switches) => {
    let key = 0;
    for (const name in switches) key = 2 * key + Number(switches[name]);
    let rule = made.get(key);
    if (rule === undefined) made.set(key, (rule = make(switches)));
    return rule;
  };
}
