/** A value that a layer is printed with. */
export type Printable = number | boolean | string | null | PythonFloat | readonly (number | null)[];

/** A number that is floating in PyTorch, where 1 is printed as 1.0. */
class PythonFloat {
  constructor(readonly value: number) {}
}

/** Marks a number as floating. */
export const float = (value: number): PythonFloat => new PythonFloat(value);

/** An argument as Python prints it: `1e-05`, `True`, `None`, `(5, 5)`. Strings stay bare. */
export function pythonValue(value: Printable): string {
  if (value instanceof PythonFloat) return Number.isInteger(value.value) && Math.abs(value.value) < 1e16 ? value.value.toFixed(1) : pythonNumber(value.value);
  if (typeof value === "number") return pythonNumber(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value === null) return "None";
  if (typeof value === "string") return value;
  return value.length === 1 ? `(${pythonValue(value[0]!)},)` : `(${value.map(pythonValue).join(", ")})`;
}

/** `name=value, …` with the names as they are. */
export function pythonArguments(named: Readonly<Record<string, Printable>>): string {
  return Object.entries(named).map(([name, value]) => `${name}=${pythonValue(value)}`).join(", ");
}

/** Python writes an exponent of at least two digits, and already below 1e-4. */
function pythonNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e16)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}
