/**
 * Light or dark: what the system says, unless the reader has chosen. Pictures on canvas read their colours here, because a canvas does not
 * follow the style sheet by itself.
 *
 * @module
 */
import { computed, effect, signal } from "@preact/signals";

export const schemes = ["auto", "light", "dark"] as const;
export type Scheme = (typeof schemes)[number];

const KEY = "gradus-playground-scheme";

/** A browser may refuse to remember anything; then the choice lasts as long as the page. */
function remembered(): Scheme {
  try {
    return schemes.find((scheme) => scheme === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto";
  }
}

export const scheme = signal<Scheme>(remembered());

const systemQuery = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(systemQuery.matches);
systemQuery.addEventListener("change", ({ matches }) => {
  systemIsDark.value = matches;
});

const isDark = computed(() => (scheme.value === "auto" ? systemIsDark.value : scheme.value === "dark"));

effect(() => {
  document.documentElement.dataset.scheme = isDark.value ? "dark" : "light";
  try {
    if (scheme.value === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, scheme.value);
  } catch {
    // See `remembered`.
  }
});

type Rgb = readonly [red: number, green: number, blue: number];

/** Colours of pictures. Orange is below zero or class 0, blue above zero or class 1. */
export interface Palette {
  readonly low: Rgb;
  readonly middle: Rgb;
  readonly high: Rgb;
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly surface: string;
  readonly accent: string;
  readonly lowText: string;
  readonly highText: string;
}

const light: Palette = {
  low: [238, 126, 32], middle: [247, 247, 245], high: [43, 111, 196],
  ink: "#1d2433", faint: "#667085", line: "#dfe2e8", surface: "#ffffff", accent: "#2b6fc4", lowText: "#b45309", highText: "#1f5fae",
};
const dark: Palette = {
  low: [240, 136, 62], middle: [27, 32, 43], high: [78, 154, 241],
  ink: "#e8ebf1", faint: "#98a2b3", line: "#2d3442", surface: "#161a23", accent: "#6cb0ff", lowText: "#f6a15e", highText: "#7ab8ff",
};

export const palette = computed(() => (isDark.value ? dark : light));

export const css = ([red, green, blue]: Rgb, alpha = 1): string => `rgb(${red} ${green} ${blue} / ${alpha})`;

/** The colour of a value: −1 is the low colour, 0 the middle, 1 the high one. */
export function diverging({ low, middle, high }: Palette, value: number): Rgb {
  const t = Math.min(1, Math.abs(value));
  const end = value < 0 ? low : high;
  const mix = (i: 0 | 1 | 2): number => Math.round(middle[i] + (end[i] - middle[i]) * t);
  return Number.isNaN(value) ? middle : [mix(0), mix(1), mix(2)];
}
