import { useEffect, useRef, useState } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { useCourse } from "../../engine/course.js";
import { useEngine } from "../../engine/use-engine.js";
import { palette } from "../../theme.js";
import { Button, NumberBox, Panel, Select, Slider } from "../../ui/controls.js";
import { count, percent } from "../../ui/format.js";
import { LineChart } from "../../ui/line-chart.js";
import { Notice } from "../../ui/notice.js";
import { Counter, Facts, Intro, Transport } from "../../ui/parts.js";
import { fields, learningRates, type State } from "./fields.js";
import { Confusion, MapsView, PAPER, Paper, Picture } from "./pictures.js";
import "./room.css";
import type { ImageFile, Look, Opening, Options, View } from "./service.js";

const FRAME_MILLISECONDS = 60;

const emptyPaper = (): Float32Array => new Float32Array(PAPER * PAPER);
const readFiles = (files: readonly File[]): Promise<ImageFile[]> => Promise.all(files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })));

export function Room() {
  const state = useRoomState("images", fields);
  const engine = useEngine("images");
  const { value: now } = state;
  const change = (part: Partial<State>): void => void (state.value = { ...state.peek(), ...part });
  const [drawing, setDrawing] = useState(emptyPaper);
  /** What is wrong with a file; learning goes on as it was. */
  const [problem, say] = useState<string | null>(null);
  const explain = (error: unknown): void => say(error instanceof Error ? error.message : String(error));
  const latest = useRef({ drawing, source: null as readonly File[] | "digits" | null });
  latest.current.drawing = drawing;

  const options = (): Options => ({ rate: Number(state.peek().rate), batchSize: state.peek().batchSize, seed: state.peek().seed });
  const view = (): View => ({ image: state.peek().image, drawing: latest.current.drawing, side: PAPER });
  const open = async (): Promise<Opening> => {
    const { source } = latest.current;
    latest.current.source = null;
    if (source === "digits") return engine.openDigits(options(), view());
    if (source !== null) {
      try {
        return await engine.openFiles(await readFiles(source), options(), view());
      } catch (error) {
        explain(error);
      }
    }
    return engine.open(options(), view());
  };
  const course = useCourse({
    open,
    advance: (steps) => engine.advance(steps, FRAME_MILLISECONDS, view()),
    moment: ({ step, loss, accuracy }) => (loss === null ? null : { step, values: { loss, accuracy } }),
  });
  const [opening, frame, curves, running, failure] = [course.opening.value, course.frame.value, course.curves.value, course.running.value, course.failure.value];

  useEffect(() => void course.open(), [now.rate, now.batchSize, now.seed]);
  useEffect(() => void course.look(), [now.image, drawing]);

  const begin = (source: readonly File[] | "digits"): void => {
    latest.current.source = source;
    say(null);
    void course.open();
  };
  const save = async (): Promise<void> => {
    const bytes = await engine.save();
    const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" }));
    const link = document.createElement("a");
    [link.href, link.download] = [url, "lenet.safetensors"];
    link.click();
    URL.revokeObjectURL(url);
  };
  const load = async (file: File): Promise<void> => {
    try {
      course.show(await engine.load(new Uint8Array(await file.arrayBuffer()), view()));
      say(null);
    } catch (error) {
      explain(error);
    }
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    const files = [...(event.dataTransfer?.files ?? [])];
    const weights = files.find(({ name }) => name.endsWith(".safetensors"));
    if (weights !== undefined) void load(weights);
    else if (files.length > 0) begin(files);
  };

  const look = frame?.look ?? null;
  const size = opening?.size ?? 8;
  return (
    <div class="room images" aria-busy={look === null && failure === null} onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <Intro title="Images">A LeNet learns to read {opening?.name ?? "digits"}, here in the page. Press Play; then draw one, and see what each layer makes of it.</Intro>
      <div class="toolbar" role="group" aria-label="Training">
        <Transport running={running} stuck={frame === null || failure !== null} onReset={() => void course.open()} onPlay={course.play} onPause={course.pause} onStep={() => void course.step()} />
        <dl class="counters">
          <Counter name="Epoch" value={count(frame?.epoch ?? 0)} />
          <Counter name="Step" value={count(frame?.step ?? 0)} testId="step" />
          <Counter name="Images/s" value={frame === null || frame.imagesPerSecond === 0 ? "–" : count(frame.imagesPerSecond)} />
          <Counter name="Test accuracy" value={frame === null ? "–" : percent(frame.accuracy)} testId="accuracy" exactly={frame?.accuracy ?? 0} />
        </dl>
        <div class="inline files">
          <Button disabled={opening === null} onClick={() => void save()} title="The weights, as a file that PyTorch reads too">
            Save weights
          </Button>
          <FileButton label="Load weights" accept=".safetensors" onFiles={([file]) => file !== undefined && void load(file)} />
        </div>
      </div>
      {(failure !== null || problem !== null) && (
        <Notice tone="error">
          <p>{failure?.message ?? problem}</p>
        </Notice>
      )}
      <div class="images-grid">
        <Panel title="Draw, or take a test image" class="images-draw">
          <div class="papers">
            <figure>
              <Paper
                mask={drawing}
                onDraw={(next) => {
                  setDrawing(next);
                  if (now.image !== -1) change({ image: -1 });
                }}
              />
              <figcaption class="small faint">Your paper</figcaption>
            </figure>
            <figure>
              {look === null ? <div class="picture" /> : <Picture look={look} />}
              <figcaption class="small faint">
                What it sees, {size} × {size}
                {look?.label != null && opening !== null && `: it is ${opening.classes[look.label]!}`}
              </figcaption>
            </figure>
          </div>
          <div class="inline">
            <Button kind="small" onClick={() => setDrawing(emptyPaper())}>
              Clear the paper
            </Button>
            <Button kind="small" disabled={opening === null} onClick={() => change({ image: (now.image + 1) % (opening?.testCount ?? 1) })}>
              Next test image
            </Button>
          </div>
          {look !== null && opening !== null && <Probabilities look={look} classes={opening.classes} />}
        </Panel>
        <Panel title="What each layer sees" class="images-layers" aside={<span class="faint small">orange below zero, blue above</span>}>
          {frame !== null && <MapsView {...frame.filters} />}
          {look?.layers.map((layer) => <MapsView key={layer.name} {...layer} />)}
        </Panel>
        <Panel title="Learning" class="images-learning">
          <LineChart title="Loss" lines={[{ name: "loss", label: "training", color: palette.value.highText }]} curves={curves} height={150} />
          <LineChart title="Accuracy" lines={[{ name: "accuracy", label: "test", color: palette.value.lowText, dashed: true }]} curves={curves} height={110} top={1} format={percent} />
          <div class="inline-controls">
            <Select label="Learning rate" value={now.rate} options={learningRates.map((rate) => [rate, rate] as const)} onChange={(rate) => change({ rate })} />
            <Slider label="Batch size" value={now.batchSize} min={8} max={128} step={8} onInput={(batchSize) => change({ batchSize })} />
            <NumberBox label="Seed" value={now.seed} min={0} max={2 ** 31 - 1} onChange={(seed) => change({ seed })} />
          </div>
        </Panel>
        <Panel title="Confusion matrix" class="images-confusion">
          {frame !== null && opening !== null && <Confusion confusion={frame.confusion} classes={opening.classes} />}
        </Panel>
        <Panel title="Images to learn from" class="images-data">
          {opening !== null && (
            <Facts
              entries={[
                ["collection", opening.name, "collection"],
                ["to learn from", count(opening.trainCount)],
                ["to test with", count(opening.testCount)],
                ["pixels", `${opening.size} × ${opening.size}`],
                ["parameters", count(opening.parameters)],
              ]}
            />
          )}
          <p class="small faint">
            MNIST or Fashion-MNIST: drop their four files anywhere on this page, or choose them here: <span class="mono">train-images-idx3-ubyte.gz</span>, <span class="mono">train-labels-idx1-ubyte.gz</span>,{" "}
            <span class="mono">t10k-images-idx3-ubyte.gz</span> and <span class="mono">t10k-labels-idx1-ubyte.gz</span>. They stay in this page.
          </p>
          <div class="inline">
            <FileButton label="Choose image files" accept="" multiple onFiles={begin} />
            {opening !== null && opening.size !== 8 && <Button onClick={() => begin("digits")}>Back to the digits</Button>}
          </div>
        </Panel>
      </div>
    </div>
  );
}

function Probabilities({ look, classes }: { readonly look: Look; readonly classes: readonly string[] }) {
  const best = look.probabilities.indexOf(Math.max(...look.probabilities));
  return (
    <>
      <p data-testid="prediction" data-value={classes[best]}>
        The network says <strong>{classes[best]}</strong>, with {percent(look.probabilities[best]!)}.
      </p>
      <ol class="bars" aria-label="Probabilities">
        {look.probabilities.map((p, i) => (
          <li key={i} class={i === best ? "best" : ""}>
            <span class="bar-name">{classes[i]}</span>
            <span class="bar-track">
              <span style={{ width: `${100 * p}%` }} />
            </span>
            <span class="bar-value">{percent(p)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function FileButton({ label, accept, multiple = false, onFiles }: { readonly label: string; readonly accept: string; readonly multiple?: boolean; readonly onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button onClick={() => input.current?.click()}>{label}</Button>
      <input
        ref={input}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        aria-label={label}
        accept={accept}
        multiple={multiple}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          currentTarget.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
    </>
  );
}
