/**
 * Where the reader is: `#/room?state`. The part behind # needs no server, so the page works from any folder.
 *
 * @module
 */
import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { decode, encode, type Fields, type StateOf } from "./codec.js";

interface Address {
  readonly room: string;
  readonly query: string;
}

function parse(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { room: path, query };
}

/** The address, as links, the browser's buttons and the reader's typing set it. */
export const address = signal<Address>(parse(location.hash));

addEventListener("hashchange", () => {
  address.value = parse(location.hash);
});

/** The link to a room. */
export const roomLink = (room: string): string => `#/${room}`;

/** The state of the room that is open: what changes it changes the address, and an address that is typed or pasted changes it. */
export function useRoomState<F extends Fields>(room: string, fields: F): Signal<StateOf<F>> {
  const state = useMemo(() => signal(decode(fields, address.peek().query)), []);
  useEffect(() => {
    const stopReading = effect(() => {
      const { room: current, query } = address.value;
      if (current === room && query !== encode(fields, state.peek())) state.value = decode(fields, query);
    });
    const stopWriting = effect(() => {
      const query = encode(fields, state.value);
      // Replaced, not pushed: the way back leads to another room and not through every position of a slider.
      history.replaceState(null, "", query === "" ? roomLink(room) : `${roomLink(room)}?${query}`);
    });
    return () => {
      stopReading();
      stopWriting();
    };
  }, []);
  return state;
}
