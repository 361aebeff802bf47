/**
 * The state of a room as the query of an address, and back.
 *
 * A room lists its fields once; from that list follow the type of its state, its first state, what an address says and what
 * is believed of one. Only what differs from the first state is written, so that addresses stay short; what cannot be read, or is out
 * of bounds, is as if it were not there: an address may have been typed by hand, or come from an older page.
 *
 * @module
 */

/** One value of a state: its text, and what is believed of a text. */
export interface Field<T> {
  readonly initial: T;
  write(value: T): string;
  /** undefined: not a value of this field. */
  read(text: string): T | undefined;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

export type StateOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** One of several words. */
export const choice = <V extends string>(values: readonly V[], initial: NoInfer<V>): Field<V> => ({
  initial,
  write: (value) => value,
  read: (text) => values.find((value) => value === text),
});

export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly initial: number;
}

/** A number between two bounds. */
export const number = ({ min, max, initial }: Bounds): Field<number> => ({
  initial,
  write: String,
  read: (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    return value >= min && value <= max ? value : undefined;
  },
});

/** A whole number between two bounds. */
export const integer = (bounds: Bounds): Field<number> => {
  const field = number(bounds);
  return {
    ...field,
    read: (text) => {
      const value = field.read(text);
      return Number.isInteger(value) ? value : undefined;
    },
  };
};

/** On or off. */
export const flag = (initial: boolean): Field<boolean> => ({
  initial,
  write: (value) => (value ? "1" : "0"),
  read: (text) => ({ 1: true, 0: false })[text],
});

/** Up to `longest` characters of any kind. */
export const text = (initial: string, longest: number): Field<string> => ({
  initial,
  write: (value) => value,
  read: (value) => (value.length <= longest ? value : undefined),
});

/** Several values of one field, `least` to `most` of them. Their texts contain no comma. */
export const list = <T>(field: Field<T>, initial: readonly T[], { least = 0, most }: { readonly least?: number; readonly most: number }): Field<readonly T[]> => ({
  initial,
  write: (values) => values.map((value) => field.write(value)).join(","),
  read: (line) => {
    const values = line === "" ? [] : line.split(",").map((part) => field.read(part));
    if (values.length < least || values.length > most || values.includes(undefined)) return undefined;
    return values as T[];
  },
});

/** The state in which a room opens. */
export const initialState = <F extends Fields>(fields: F): StateOf<F> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.initial])) as StateOf<F>;

/** What of a state differs from the first one, as the query of an address. */
export function encode<F extends Fields>(fields: F, state: StateOf<F>): string {
  const query = new URLSearchParams();
  for (const [name, field] of Object.entries(fields)) {
    const value = field.write(state[name]);
    if (value !== field.write(field.initial)) query.set(name, value);
  }
  // Commas and colons mean nothing in a query and are easier to read as they are.
  return query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}

/** The state that a query describes. */
export function decode<F extends Fields>(fields: F, query: string): StateOf<F> {
  const given = new URLSearchParams(query);
  const valueOf = (name: string, field: Field<unknown>): unknown => {
    const value = given.get(name);
    return value === null ? field.initial : (field.read(value) ?? field.initial);
  };
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, valueOf(name, field)])) as StateOf<F>;
}
