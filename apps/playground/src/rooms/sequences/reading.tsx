import { css, diverging, palette } from "../../theme.js";
import { Canvas, type Drawing } from "../../ui/canvas.js";
import type { Probe } from "./service.js";

/** What a space is shown as. */
const shown = (letter: string): string => (letter === " " ? "␣" : letter);

export interface ReadingProps {
  readonly probe: Probe;
  /** What was asked for; letters that the network has never seen are left out of the probe. */
  readonly typed: string;
}

/** A line as the network reads it: what may follow each letter, and what each letter looks at. */
export function Reading({ probe: { letters, next, attention }, typed }: ReadingProps) {
  const unknown = [...new Set(typed.toLowerCase())].filter((letter) => !letters.includes(letter));
  return (
    <div class="reading">
      <div class="stack">
        <h3>What it expects after each letter</h3>
        <div class="table-scroll" tabIndex={0} role="group" aria-label="What may follow each letter">
          <table class="next mono">
            <tbody>
              <tr>
                <th scope="row">after</th>
                {letters.map((letter, i) => (
                  <th key={i} scope="col">
                    {shown(letter)}
                  </th>
                ))}
              </tr>
              {[0, 1, 2].map((rank) => (
                <tr key={rank}>
                  <th scope="row">{["1st", "2nd", "3rd"][rank]}</th>
                  {next.map((choices, i) => {
                    const { letter, probability } = choices[rank] ?? { letter: "", probability: 0 };
                    return (
                      <td key={i} class={letter === letters[i + 1] ? "hit" : ""} style={{ background: css(diverging(palette.value, 0.6 * probability)) }} title={`${shown(letter)}: ${(100 * probability).toFixed(0)} %`}>
                        {shown(letter)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <p class="small faint">
          · is the beginning and the end of a line. The bluer, the more probable; underlined is what really follows.
          {unknown.length > 0 && ` It has never seen ${unknown.map((letter) => `“${letter}”`).join(", ")}.`}
        </p>
      </div>
      <div class="stack">
        <h3>What each letter looks at</h3>
        {attention.length === 0 ? (
          <p class="small faint">An LSTM keeps what it has read in its state; only attention can be shown as a map. Choose the GPT block to see one.</p>
        ) : (
          <>
            <div class="heads">
              {attention.map((weights, head) => (
                <Head key={head} name={`Head ${head + 1}`} letters={letters} weights={weights} />
              ))}
            </div>
            <p class="small faint">Each row is a letter; the bluer a column, the more that letter’s vector takes of that one. Nothing looks ahead.</p>
          </>
        )}
      </div>
    </div>
  );
}

/** Which letter looks at which: rows look, columns are looked at. */
function Head({ name, letters, weights }: { readonly name: string; readonly letters: readonly string[]; readonly weights: Float32Array }) {
  const size = letters.length;
  const draw = ({ context, width }: Drawing): void => {
    const colours = palette.value;
    const margin = 18;
    const cell = (width - margin) / size;
    context.font = `${Math.min(12, cell)}px ui-monospace, monospace`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let row = 0; row < size; row++) {
      context.fillStyle = colours.faint;
      context.fillText(shown(letters[row]!), margin / 2, margin + (row + 0.5) * cell);
      context.fillText(shown(letters[row]!), margin + (row + 0.5) * cell, margin / 2);
      for (let column = 0; column <= row; column++) {
        context.fillStyle = css(diverging(colours, weights[row * size + column]!));
        context.fillRect(margin + column * cell + 0.5, margin + row * cell + 0.5, cell - 1, cell - 1);
      }
    }
  };
  return (
    <figure class="head">
      <Canvas class="square" label={`${name}: which letter looks at which`} draw={draw} />
      <figcaption class="small faint">{name}</figcaption>
    </figure>
  );
}
