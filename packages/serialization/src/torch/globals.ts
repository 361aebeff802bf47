import type { DType } from "@gradus/tensor-core";
import { Malformed } from "../malformed.js";
import { NumpyArray, NumpyDType, numpyGlobals } from "../pickle/numpy.js";
import { pythonGlobals } from "../pickle/python.js";
import type { PickleHost } from "../pickle/reader.js";
import { GlobalReference, type PythonGlobal, sizesOf, textOf } from "../pickle/values.js";

/** PyTorch's names that may stand in a file, and what they make: descriptions of tensors, whose elements are read afterwards. */

/** A piece of memory that tensors may share. */
export class StorageReference {
  constructor(
    readonly key: string,
    readonly dtype: DType,
    /** Number of elements. */
    readonly length: number,
  ) {}
}

/** A tensor: a way to look at a storage. */
export class TensorReference {
  constructor(
    readonly storage: StorageReference,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly requiresGrad: boolean,
  ) {}
}

/** The class of a storage, which says the type of its elements. */
class StorageType {
  constructor(readonly dtype: DType) {}
}

const STORAGES: Readonly<Record<string, DType>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

/** PyTorch's names of storages, by element type. */
export const storageNameOf = (dtype: DType): string => Object.keys(STORAGES).find((name) => STORAGES[name] === dtype) ?? "";

const DTYPES: Readonly<Record<string, DType>> = {
  float64: "float64", double: "float64", float32: "float32", float: "float32", float16: "float16", half: "float16", bfloat16: "bfloat16",
  int64: "int64", long: "int64", int32: "int32", int: "int32", int16: "int16", short: "int16", int8: "int8", uint8: "uint8", bool: "bool",
}; // prettier-ignore

/** A global that may be the class of a storage. */
interface TorchGlobal extends PythonGlobal {
  readonly storageType?: StorageType;
}

/** Types that are named but not called, such as the class of a tensor that a subclass was rebuilt as. */
const named = (name: string): TorchGlobal => ({ name });

const storageGlobals: readonly TorchGlobal[] = ["torch", "torch.cuda"].flatMap((module) =>
  Object.entries(STORAGES).map(([name, dtype]) => ({ name: `${module}.${name}`, storageType: new StorageType(dtype) })),
);

const dtypeGlobals: readonly TorchGlobal[] = Object.entries(DTYPES).map(([name, dtype]) => ({ name: `torch.${name}`, value: dtype }));

/** (storage, offset, shape, strides, requiresGrad, hooks, …) */
function rebuildTensor([storage, offset, shape, strides, requiresGrad = false]: readonly unknown[]): TensorReference {
  const [sizes, steps] = [sizesOf(shape), sizesOf(strides)];
  if (!(storage instanceof StorageReference)) throw new Malformed("expected a storage");
  if (sizes === undefined || steps === undefined || sizes.length !== steps.length || sizesOf([offset]) === undefined) {
    throw new Malformed("expected an offset, a shape and as many strides, all of them integers that are not negative");
  }
  return new TensorReference(storage, offset as number, sizes, steps, requiresGrad === true);
}

function rebuildParameter([data, requiresGrad]: readonly unknown[]): TensorReference {
  if (!(data instanceof TensorReference)) throw new Malformed("expected a tensor");
  return new TensorReference(data.storage, data.offset, data.shape, data.strides, requiresGrad === true);
}

/** (function, class, arguments, state): a tensor of a subclass is the tensor. */
function rebuildFromType([rebuild, , args]: readonly unknown[]): unknown {
  if (!(rebuild instanceof GlobalReference) || !rebuild.global.name.startsWith("torch._utils._rebuild") || !Array.isArray(args)) throw new Malformed("expected a function that rebuilds a tensor");
  return rebuild.global.call?.(args as readonly unknown[]);
}

function device([type, index]: readonly unknown[]): string {
  const name = textOf(type);
  if (name === undefined) throw new Malformed("expected the name of a device");
  return typeof index === "number" ? `${name}:${index}` : name;
}

function size([sizes = []]: readonly unknown[]): readonly number[] {
  const found = sizesOf(sizes);
  if (found === undefined) throw new Malformed("expected sizes");
  return [...found];
}

const torchGlobals: Readonly<Record<string, TorchGlobal>> = Object.fromEntries(
  [
    ...storageGlobals,
    ...dtypeGlobals,
    { name: "torch._utils._rebuild_tensor", call: rebuildTensor },
    { name: "torch._utils._rebuild_tensor_v2", call: rebuildTensor },
    { name: "torch._utils._rebuild_parameter", call: rebuildParameter },
    { name: "torch._utils._rebuild_parameter_with_state", call: rebuildParameter },
    { name: "torch._tensor._rebuild_from_type_v2", call: rebuildFromType },
    { name: "torch.Size", call: size },
    { name: "torch.device", call: device },
    ...["torch.Tensor", "torch._C.TensorBase", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer", "torch.strided"].map(named),
  ].map((global) => [global.name, global]),
);

/** What may stand in any pickle, and in those of `torch.save`. */
const known: Readonly<Record<string, PythonGlobal>> = { ...pythonGlobals, ...numpyGlobals, ...torchGlobals };

export const torchHost: PickleHost = {
  findGlobal: (module, name) => (Object.hasOwn(known, `${module}.${name}`) ? known[`${module}.${name}`] : undefined),
  setState: (object, state) => (object instanceof NumpyArray || object instanceof NumpyDType ? object.setState(state) : false),
};

/**
 * Reads ("storage", class, key, device, length, view), by which a pickle refers to a storage. The device is where the tensor was; it is read to
 * another one.
 *
 * @throws {Malformed} if it is anything else.
 */
export function storageOf(id: unknown): { readonly storage: StorageReference; readonly view: unknown } {
  const [kind, type, key, , length, view = null] = Array.isArray(id) ? (id as readonly unknown[]) : [];
  const storageType = type instanceof GlobalReference ? (type.global as TorchGlobal).storageType : undefined;
  const name = textOf(key);
  if (textOf(kind) !== "storage" || storageType === undefined || name === undefined || sizesOf([length]) === undefined) {
    throw new Malformed("expected a storage with its class, key and length");
  }
  return { storage: new StorageReference(name, storageType.dtype, length as number), view };
}
