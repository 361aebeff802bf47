import { type Storage, Tensor } from "@gradus/tensor-core";
import { Call, GlobalName, PersistentId, Tuple, writePickle } from "../pickle/writer.js";
import { storageBytes } from "../raw-tensors.js";
import { joinPieces } from "../join-pieces.js";
import { type ZipContent, zipPieces } from "../zip/zip-writer.js";
import { storageNameOf } from "./globals.js";

/** PyTorch maps files into memory, and aligns what lies in them. */
const ALIGNMENT = 64;

/**
 * Tensors, and lists, dictionaries, numbers and text with tensors among them, as `torch.save` writes them; `torch.load` opens it.
 *
 * Everything is taken as it is at the call. Tensors that share memory are saved with that memory once, as in PyTorch: of a small view of a large
 * tensor all of the large one is saved, unless it is cloned. Whole numbers become Python's `int`, others `float`.
 *
 * @throws {ArgumentError} on a value that Python has nothing for, such as a function.
 * @see torch.save
 * @example
 * const bytes = await saveTorch([tensor([1, 2]), tensor([3])]);
 * const loaded = (await loadTorch(bytes)) as Tensor[];
 * loaded.map((x) => x.shape); // [[2], [1]]
 */
export async function saveTorch(value: unknown): Promise<Uint8Array> {
  return joinPieces(await torchPieces(value));
}

/** The same file piece by piece, so that a large one need not lie in memory twice. */
export async function torchPieces(value: unknown): Promise<readonly Uint8Array[]> {
  const keys = new Map<Storage, string>();
  const reading: Promise<Uint8Array>[] = [];
  const reduce = (object: object): Call | undefined => {
    if (!(object instanceof Tensor)) return undefined;
    const x = object as Tensor;
    let key = keys.get(x.elements);
    if (key === undefined) {
      key = String(keys.size);
      keys.set(x.elements, key);
      reading.push(storageBytes(x));
    }
    const storage = new PersistentId(new Tuple(["storage", new GlobalName("torch", storageNameOf(x.dtype)), key, "cpu", x.elements.length]));
    const hooks = new Call("collections", "OrderedDict", []);
    return new Call("torch._utils", "_rebuild_tensor_v2", [storage, x.storageOffset(), new Tuple([...x.shape]), new Tuple([...x.stride()]), x.requiresGrad, hooks]);
  };
  const pickle = writePickle(value, { reduce, entriesOf: withParameterNumbers() });
  const storages = await Promise.all(reading);
  const text = (content: string) => new TextEncoder().encode(content);
  const contents: ZipContent[] = [
    { name: "archive/data.pkl", bytes: pickle },
    { name: "archive/byteorder", bytes: text("little") },
    ...storages.map((bytes, i) => ({ name: `archive/data/${i}`, bytes })),
    { name: "archive/version", bytes: text("3\n") },
  ];
  return zipPieces(contents, { alignment: ALIGNMENT });
}

/**
 * PyTorch numbers the parameters in the state of an optimizer, `{ state: { 0: … }, param_groups: […] }`. A JavaScript object holds these numbers as
 * text; PyTorch would not find them.
 */
function withParameterNumbers(): (record: Readonly<Record<string, unknown>>) => readonly (readonly [string | number, unknown])[] {
  const states = new WeakSet<object>();
  return (record) => {
    const { state, param_groups: groups } = record;
    if (typeof state === "object" && state !== null && Array.isArray(groups)) states.add(state);
    const entries = Object.entries(record);
    return states.has(record) ? entries.map(([key, value]) => [/^\d+$/.test(key) ? Number(key) : key, value] as const) : entries;
  };
}
