import type { Code } from "../../assembler/index.js";
import { Scope } from "../scope.js";

/** Numbers of locals, by name. */
export type Locals<Names extends string> = Readonly<Record<Names, number>>;

/** to = min(a, b), of locals. */
export function minimum(code: Code, a: number, b: number, to: number): void {
  code.get(a).get(b).get(a).get(b).op("i32.lt_s").op("select").set(to);
}

/** local = max(local, least). */
export function atLeast(code: Code, local: number, least: number): void {
  code.get(local).op("i32.const", least).get(local).op("i32.const", least).op("i32.gt_s").op("select").set(local);
}

/** local = min(local, most). */
export function atMost(code: Code, local: number, most: number): void {
  code.get(local).op("i32.const", most).get(local).op("i32.const", most).op("i32.lt_s").op("select").set(local);
}

/** Leaves a local rounded up to a multiple of a power of two. */
export function roundedUp(code: Code, local: number, multiple: number): Code {
  return code.get(local).op("i32.const", multiple - 1).op("i32.add").op("i32.const", -multiple).op("i32.and");
}

/** Runs `body`, which has to move the local `position` on, while that is below the local `limit`. */
export function below(scope: Scope, position: number, limit: number, body: (scope: Scope) => void): void {
  scope.statement((code) => code.get(position).get(limit).op("i32.lt_s").if((inside) => repeat(scope, inside, position, limit, body)));
}

/** The same, but the first time without asking. */
export function atLeastOnce(scope: Scope, position: number, limit: number, body: (scope: Scope) => void): void {
  scope.statement((code) => repeat(scope, code, position, limit, body));
}

function repeat(scope: Scope, code: Code, position: number, limit: number, body: (scope: Scope) => void): void {
  code.loop((round, again) => {
    body(new Scope(scope, round.piece()));
    round.get(position).get(limit).op("i32.lt_s").branchIf(again);
  });
}
