import { type ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { address, roomLink } from "./address.js";
import { firstRoom, type RoomEntry, rooms } from "./rooms/rooms.js";
import { type Scheme, scheme, schemes } from "./theme.js";
import { Notice } from "./ui/notice.js";

export function App() {
  const { room: wanted } = address.value;
  const nav = useRef<HTMLElement>(null);
  const room = rooms.find(({ id }) => id === (wanted === "" ? firstRoom : wanted));
  useEffect(() => {
    document.title = room === undefined ? "Gradus playground" : `${room.title} · Gradus playground`;
    // On a phone there is no place for all the links; the one to this room is to be seen.
    const showLink = (): void => {
      const link = nav.current?.querySelector<HTMLElement>("[aria-current]");
      if (link != null) nav.current!.scrollLeft = link.offsetLeft - (nav.current!.clientWidth - link.offsetWidth) / 2;
    };
    showLink();
    addEventListener("resize", showLink);
    return () => removeEventListener("resize", showLink);
  }, [room]);
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to the room
      </a>
      <header class="bar">
        <a class="brand" href={roomLink(firstRoom)}>
          <Steps />
          <span>
            Gradus <span class="brand-light">playground</span>
          </span>
        </a>
        <nav aria-label="Rooms" ref={nav}>
          <ul>
            {rooms.map(({ id, title, about }) => (
              <li key={id}>
                <a href={roomLink(id)} title={about} aria-current={id === room?.id ? "page" : undefined}>
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <SchemeSwitch />
      </header>
      <main id="main" tabIndex={-1}>
        {room === undefined ? <Notice tone="error">There is no room “{wanted}”. Choose one above.</Notice> : <Loaded key={room.id} entry={room} />}
      </main>
    </>
  );
}

/** The link cannot name its target in the address, which says where the reader is. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** A room, once its code is there. */
function Loaded({ entry }: { readonly entry: RoomEntry }) {
  const [state, setState] = useState<{ readonly Room?: ComponentType; readonly failure?: string }>({});
  const alive = useRef(true);
  useEffect(() => {
    entry.load().then(
      ({ Room }) => alive.current && setState({ Room }),
      (error: unknown) => alive.current && setState({ failure: String(error) }),
    );
    return () => {
      alive.current = false;
    };
  }, []);
  const { Room, failure } = state;
  if (failure !== undefined) return <Notice tone="error">This room could not be loaded: {failure}. Check the connection and reload the page.</Notice>;
  return Room === undefined ? <p class="loading">Opening {entry.title} …</p> : <Room />;
}

function Steps() {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M4 26h7v-6h7v-6h7V7" fill="none" stroke="var(--low)" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round" />
      <circle cx="25" cy="7" r="4" fill="var(--high)" />
    </svg>
  );
}

const schemeNames = { auto: "as the system", light: "light", dark: "dark" } satisfies Record<Scheme, string>;
const schemeSigns = { auto: "◐", light: "☀", dark: "☾" } satisfies Record<Scheme, string>;

function SchemeSwitch() {
  const next = schemes[(schemes.indexOf(scheme.value) + 1) % schemes.length]!;
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Colours: ${schemeNames[scheme.value]}. Switch to ${schemeNames[next]}`}
      title={`Colours: ${schemeNames[scheme.value]}`}
      onClick={() => (scheme.value = next)}
    >
      <span aria-hidden="true">{schemeSigns[scheme.value]}</span>
    </button>
  );
}
