import type { Device } from "@gradus/tensor-core";
import { Tensor, tensor } from "@gradus/tensor-core";
import type { PythonValue } from "./python.js";
import { itemsOf, PythonName, PythonSlice, PythonTuple } from "./python.js";

/**
 * What stands between brackets in Python, as the list that `get` and `set` take: whole numbers, `"start:stop:step"`, `"..."`,
 * null for a new dimension, booleans, and index tensors or masks.
 */
export function indexFrom(value: PythonValue, device: Device): readonly unknown[] {
  const items = value instanceof PythonTuple || meansTuple(value) ? (itemsOf(value) ?? []) : [value];
  return items.map((item) => one(item, device));
}

/** As in NumPy of old, a list that holds more than numbers counts as a tuple. */
function meansTuple(value: PythonValue): boolean {
  if (value instanceof PythonTuple) return false;
  const items = itemsOf(value);
  return items?.some((item) => itemsOf(item) !== undefined || item instanceof Tensor || item instanceof PythonSlice || item instanceof PythonName || item === null) ?? false;
}

function one(value: PythonValue, device: Device): unknown {
  if (value instanceof PythonSlice) {
    const text = (part: PythonValue): string => (part === null ? "" : String(part instanceof Tensor ? part.itemSync() : Number(part)));
    return `${text(value.start)}:${text(value.stop)}${value.step === null ? "" : `:${text(value.step)}`}`;
  }
  if (value instanceof PythonName && value.kind === "ellipsis") return "...";
  const items = itemsOf(value);
  return items === undefined ? value : listTensor(items, device);
}

/** A list of numbers or booleans between brackets is an index tensor. */
function listTensor(items: readonly PythonValue[], device: Device): Tensor {
  const nested = (list: readonly PythonValue[]): unknown[] => list.map((item) => (itemsOf(item) === undefined ? (item instanceof Tensor ? item.itemSync() : item) : nested(itemsOf(item) ?? [])));
  const data = nested(items) as never[];
  const isMask = data.flat(Infinity).length > 0 && data.flat(Infinity).every((item) => typeof item === "boolean");
  return tensor(data, { dtype: isMask ? "bool" : "int64", device });
}
