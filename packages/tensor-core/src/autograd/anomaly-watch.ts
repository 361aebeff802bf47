import type { GradNode, Observer } from "@gradus/autograd";
import type { Tensor } from "../tensor.js";

/** What anomaly mode does. `anomaly.ts` puts it here while the mode is on, so that programs which never ask for the mode do not carry it. */
export interface AnomalyWatch {
  /** Where the op that is being recorded was called. */
  callSite(): string;
  /** A recorded op has a result. */
  noteResult(x: Tensor, node: GradNode<Tensor>): void;
  /** Looks at every gradient of a sweep; null where gradients are not looked at. */
  observer(): Observer<Tensor> | null;
}

export let anomalyWatch: AnomalyWatch | null = null;

export function setAnomalyWatch(watch: AnomalyWatch | null): void {
  anomalyWatch = watch;
}
