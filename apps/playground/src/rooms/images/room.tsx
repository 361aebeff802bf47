import { useEffect, useRef, useState } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { useEngine } from "../../engine/use-engine.js";
import { palette } from "../../theme.js";
import { Button, NumberBox, Panel, Select, Slider } from "../../ui/controls.js";
import { LineChart } from "../../ui/line-chart.js";
import { Notice } from "../../ui/notice.js";
import { fields, learningRates, type State } from "./fields.js";
import { Confusion, MapsView, PAPER, Paper, Picture } from "./pictures.js";
import type { Frame, Look, Opening, Options } from "./service.js";
import "./room.css";

const FRAME_MILLISECONDS = 60;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const emptyPaper = (): Float32Array => new Float32Array(PAPER * PAPER);

export function Room() {
  const state = useRoomState("images", fields);
  const engine = useEngine("images");
  const { value: now } = state;
  const change = (part: Partial<State>): void => void (state.value = { ...state.peek(), ...part });
  const options: Options = { rate: Number(now.rate), batchSize: now.batchSize, seed: now.seed };

  const [opening, setOpening] = useState<Opening | null>(null);
  const [frame, setFrame] = useState<Frame | null>(null);
  const [curve, setCurve] = useState<readonly [number[], number[]]>([[], []]);
  const [running, run] = useState(false);
  const [look, setLook] = useState<Look | null>(null);
  const [mask, setMask] = useState(emptyPaper);
  const [problem, say] = useState<string | null>(null);
  /** What the loop reads, which outlives the rendering that started it. */
  const live = useRef({ running: false, session: 0, image: now.image, mask });
  Object.assign(live.current, { image: now.image, mask });

  const fail = (error: unknown): void => {
    live.current.running = false;
    run(false);
    say(error instanceof Error ? error.message : String(error));
  };
  const lookAgain = async (): Promise<void> => {
    const { image, mask: drawn } = live.current;
    setLook(await (image < 0 ? engine.lookAtDrawing(drawn, PAPER) : engine.lookAt(image)));
  };
  const start = async (open: () => Promise<Opening>): Promise<void> => {
    const own = ++live.current.session;
    live.current.running = false;
    run(false);
    try {
      const answer = await open();
      if (own !== live.current.session) return;
      say(null);
      setOpening(answer);
      setFrame(answer.frame);
      setCurve([[], []]);
      await lookAgain();
    } catch (error) {
      if (own === live.current.session) fail(error);
    }
  };
  const show = (next: Frame): void => {
    setFrame(next);
    if (next.loss !== null) {
      const { loss, step } = next;
      setCurve(([steps, losses]) => {
        const thin = steps.length > 800;
        const keep = (values: number[]): number[] => (thin ? values.filter((_, i) => i % 2 === 0) : values);
        return [[...keep(steps), step], [...keep(losses), loss]];
      });
    }
  };
  const loop = async (): Promise<void> => {
    const own = live.current.session;
    live.current.running = true;
    const isRunning = (): boolean => live.current.running;
    run(true);
    try {
      while (isRunning() && own === live.current.session) {
        const next = await engine.advance(Infinity, FRAME_MILLISECONDS);
        if (own !== live.current.session) return;
        show(next);
        await lookAgain();
      }
    } catch (error) {
      fail(error);
    }
  };
  const pause = (): void => {
    live.current.running = false;
    run(false);
  };

  useEffect(() => void start(() => engine.open(options)), [now.rate, now.batchSize, now.seed]);
  useEffect(() => {
    if (opening !== null && !running) lookAgain().catch(fail);
  }, [now.image, mask]);
  useEffect(() => pause, []);

  const openFiles = (files: readonly File[]): void => {
    void start(async () => engine.openFiles(await Promise.all(files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }))), options));
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
      const next = await engine.load(new Uint8Array(await file.arrayBuffer()));
      say(null);
      setFrame(next);
      await lookAgain();
    } catch (error) {
      fail(error);
    }
  };

  return (
    <div
      class="room images"
      aria-busy={look === null}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const files = [...(event.dataTransfer?.files ?? [])];
        const weights = files.find(({ name }) => name.endsWith(".safetensors"));
        if (weights !== undefined) void load(weights);
        else if (files.length > 0) openFiles(files);
      }}
    >
      <div class="room-intro">
        <h1>Images</h1>
        <p>A LeNet learns to read {opening?.name ?? "digits"} in this page. Then draw one, and see what each layer makes of it.</p>
      </div>
      <div class="toolbar" role="group" aria-label="Training">
        <div class="inline">
          <Button onClick={() => void start(() => engine.open(options))}>
            <span aria-hidden="true">↺</span> Reset
          </Button>
          <Button kind="primary" disabled={opening === null} onClick={running ? pause : () => void loop()}>
            <span aria-hidden="true">{running ? "❚❚" : "▶"}</span> {running ? "Pause" : "Play"}
          </Button>
        </div>
        <dl class="counters">
          <div>
            <dt>Epoch</dt>
            <dd>{frame?.epoch ?? 0}</dd>
          </div>
          <div>
            <dt>Step</dt>
            <dd data-testid="step">{frame?.step ?? 0}</dd>
          </div>
          <div>
            <dt>Images/s</dt>
            <dd>{frame === null || frame.imagesPerSecond === 0 ? "–" : Math.round(frame.imagesPerSecond)}</dd>
          </div>
          <div>
            <dt>Test accuracy</dt>
            <dd data-testid="accuracy" data-value={frame?.accuracy ?? 0}>
              {frame === null ? "–" : percent(frame.accuracy)}
            </dd>
          </div>
        </dl>
        <Button disabled={opening === null} onClick={() => void save()} title="The weights, as a file that PyTorch reads too">
          Save weights
        </Button>
        <FileButton label="Load weights" accept=".safetensors" onFiles={([file]) => file !== undefined && void load(file)} />
        <FileButton label="Other images" accept="" multiple onFiles={openFiles} />
      </div>
      {problem !== null && (
        <Notice tone="error">
          <p>{problem}</p>
        </Notice>
      )}
      <div class="images-grid">
        <Panel title="Draw, or take a test image" class="images-draw">
          <div class="papers">
            <Paper
              mask={mask}
              onDraw={(next) => {
                setMask(next);
                if (now.image !== -1) change({ image: -1 });
              }}
            />
            {look === null ? <div class="picture" /> : <Picture look={look} />}
          </div>
          <div class="inline">
            <Button kind="small" onClick={() => setMask(emptyPaper())}>
              Clear the paper
            </Button>
            <Button kind="small" disabled={opening === null} onClick={() => change({ image: (now.image + 1) % (opening?.testCount ?? 1) })}>
              Next test image
            </Button>
            {look?.label != null && opening !== null && <span class="small faint">It is {opening.classes[look.label]}.</span>}
          </div>
          {look !== null && opening !== null && <Probabilities look={look} classes={opening.classes} />}
        </Panel>
        <Panel title="What each layer sees" class="images-layers">
          {frame?.filters.map((filters) => <MapsView key={filters.name} {...filters} name={`${filters.name}: its filters`} />)}
          {look?.layers.map((layer) => <MapsView key={layer.name} {...layer} />)}
        </Panel>
        <Panel title="Learning" class="images-learning">
          <LineChart label={`Loss over steps, now ${curve[1].at(-1)?.toPrecision(3) ?? "not known"}`} lines={[{ label: "training", color: palette.value.highText }]} data={curve} height={150} />
          <div class="inline-controls">
            <Select label="Learning rate" value={now.rate} options={learningRates.map((rate) => [rate, rate] as const)} onChange={(rate) => change({ rate })} />
            <Slider label="Batch size" value={now.batchSize} min={8} max={128} step={8} onInput={(batchSize) => change({ batchSize })} />
            <NumberBox label="Seed" value={now.seed} min={0} max={2 ** 31 - 1} onChange={(seed) => change({ seed })} />
          </div>
          {opening !== null && (
            <p class="small faint">
              {opening.name}: {opening.trainCount} images to learn from, {opening.testCount} to test with, {opening.size} × {opening.size} pixels; {opening.parameters} parameters. For Fashion-MNIST drop its four files anywhere on this page.
            </p>
          )}
        </Panel>
        <Panel title="Confusion matrix" class="images-confusion">
          {frame !== null && opening !== null && <Confusion confusion={frame.confusion} classes={opening.classes} />}
        </Panel>
      </div>
    </div>
  );
}

function Probabilities({ look, classes }: { readonly look: Look; readonly classes: readonly string[] }) {
  const best = look.probabilities.indexOf(Math.max(...look.probabilities));
  return (
    <>
      <p class="small" data-testid="prediction" data-value={classes[best]}>
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
