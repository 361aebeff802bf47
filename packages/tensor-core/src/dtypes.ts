import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";

/** Whether a string names an element type. */
export const isDType = (name: string): name is DType => Object.hasOwn(dtypeInfo, name);
