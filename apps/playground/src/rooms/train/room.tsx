import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { useEngine } from "../../engine/use-engine.js";
import { Button, Check, NumberBox, Panel, Segmented, Select, Slider } from "../../ui/controls.js";
import { brief, count } from "../../ui/format.js";
import { Notice } from "../../ui/notice.js";
import { Counter, Intro, Transport } from "../../ui/parts.js";
import { CodeOf } from "./code-view.js";
import { Inside } from "./inside-view.js";
import {
  activationLabels, datasetGroups, datasetLabels, engineLabels, initLabels, lossLabels, optimizerLabels, regularizationLabels, scheduleLabels, speedLabels,
} from "./names.js";
import { LayerStepper, NetworkView, type NodeId } from "./network-view.js";
import { ResultView } from "./result-view.js";
import {
  activationNames, datasetNames, engineNames, initNames, isRegression, learningRates, lossesFor, optimizerNames, regularizationNames, regularizationRates,
  roomFields, type RoomState, scheduleNames, speedNames,
} from "./setup.js";
import { type Training, useTraining } from "./use-training.js";
import "./room.css";

export function Room() {
  const state = useRoomState("train", roomFields);
  const training = useTraining(state, useEngine("train"));
  const [chosen, choose] = useState<NodeId | null>(null);
  const change = (part: Partial<RoomState>): void => void (state.value = { ...state.value, ...part });
  const { value: setup } = training.setup;
  const { value: opening } = training.opening;
  const { value: frame } = training.frame;

  // What was chosen may have gone with its layer.
  const columns = setup.layers.length + 2;
  const rows = chosen === null ? 0 : chosen.column === columns - 1 ? (frame?.outputs.length ?? 0) : (setup.layers[chosen.column - 1] ?? 0);
  const node = chosen !== null && chosen.column < columns && chosen.row < rows ? chosen : null;
  const fits = opening !== null && frame !== null && frame.hidden.length === setup.layers.length && opening.features.length === setup.features.length && frame.hidden.every((units, i) => units.length === setup.layers[i]);

  return (
    <div class="room train" aria-busy={!fits}>
      <Intro title="Train">Each point of the plane has a colour. Build a network, press Play, and watch it learn to tell which colour belongs where.</Intro>
      <Toolbar state={state} training={training} change={change} />
      <Trouble training={training} state={state} change={change} />
      <div class="train-grid">
        <Panel title="Data" class="train-data">
          <DataControls state={state} change={change} />
        </Panel>
        <Panel
          title="Network"
          class="train-network"
          aside={
            <div class="inline faint small">
              <span>
                {setup.layers.length} hidden {setup.layers.length === 1 ? "layer" : "layers"}, {count(opening?.parameters ?? 0)} parameters
              </span>
              <LayerStepper layers={setup.layers} onChange={(layers) => change({ layers })} />
            </div>
          }
        >
          {fits ? <NetworkView setup={setup} opening={opening} frame={frame} chosen={node} onChoose={choose} onChange={change} /> : <div class="network-placeholder" />}
        </Panel>
        <Panel
          title="Result"
          class="train-result"
          aside={
            <div class="inline">
              <Check label="Test points" checked={state.value.testPoints} onChange={(testPoints) => change({ testPoints })} />
              <Check label="Hard edges" hint="Show only which side each place is on" checked={state.value.hard} onChange={(hard) => change({ hard })} />
            </div>
          }
        >
          {fits ? <ResultView state={state.value} setup={setup} opening={opening} frame={frame} curves={training.curves.value} chosen={node} /> : <div class="result-placeholder" />}
        </Panel>
        <Panel title="Learning" class="train-learning">
          <LearningControls state={state} change={change} />
        </Panel>
        <Panel
          title="Inside"
          class="train-inside"
          aside={
            setup.layers.length > 0 && (
              <div class="inline">
                <Select
                  label="After"
                  value={String(Math.min(state.value.layer, setup.layers.length))}
                  options={setup.layers.map((_, i) => [String(i + 1), `hidden layer ${i + 1}`])}
                  onChange={(layer) => change({ layer: Number(layer) })}
                />
                <Check label="Splits" hint="Draw over the result where each unit of this layer changes its sign" checked={state.value.splits} onChange={(splits) => change({ splits })} />
              </div>
            )
          }
        >
          {fits ? <Inside setup={setup} opening={opening} frame={frame} layer={state.value.layer} /> : <div class="inside-placeholder" />}
        </Panel>
        <Panel title="The same in code" class="train-code">
          <CodeOf setup={setup} />
        </Panel>
      </div>
    </div>
  );
}

interface PartProps {
  readonly state: Signal<RoomState>;
  readonly change: (part: Partial<RoomState>) => void;
}

const options = <V extends string>(names: readonly V[], labels: Readonly<Record<V, string>>) => names.map((name) => [name, labels[name]] as const);
/** A list of values that one chooses from, and the one that an address may have brought beside them. */
const withValue = (values: readonly number[], value: number): (readonly [string, string])[] =>
  [...new Set([...values, value])].sort((a, b) => a - b).map((each) => [String(each), String(each)]);

function Toolbar({ state, training, change }: PartProps & { readonly training: Training }) {
  const { value: running } = training.running;
  const { value: frame } = training.frame;
  const stuck = training.failure.value !== null || frame === null || frame.diverged !== null;
  return (
    <div class="toolbar" role="group" aria-label="Training">
      <Transport running={running} stuck={stuck} onReset={() => void training.open()} onPlay={training.play} onPause={training.pause} onStep={() => void training.step()} />
      <dl class="counters">
        <Counter name="Epoch" value={count(frame?.epoch ?? 0)} />
        <Counter name="Step" value={count(frame?.step ?? 0)} testId="step" />
        <Counter name="Steps/s" value={frame === null || frame.stepsPerSecond === 0 ? "–" : count(frame.stepsPerSecond)} />
        {state.value.schedule !== "constant" && <Counter name="Learning rate" value={frame === null ? "–" : brief(frame.learningRate)} />}
        <Counter name="Memory" value={frame === null ? "–" : memoryText(frame.memory)} />
      </dl>
      <Select label="Speed" value={state.value.speed} options={options(speedNames, speedLabels)} onChange={(speed) => change({ speed })} />
      <Segmented label="Engine" value={state.value.engine} options={options(engineNames, engineLabels)} onChange={(engine) => change({ engine })} />
    </div>
  );
}

function memoryText(memory: NonNullable<Training["frame"]["value"]>["memory"]): string {
  if ("scalars" in memory) return `${count(memory.scalars)} scalars`;
  return memory.bytes < 1e6 ? `${(memory.bytes / 1024).toFixed(1)} KiB` : `${(memory.bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** What went wrong, in words, and what can be done about it. */
function Trouble({ state, training, change }: PartProps & { readonly training: Training }) {
  const { value: failure } = training.failure;
  const diverged = training.frame.value?.diverged ?? null;
  if (failure !== null) {
    const noGpu = state.value.engine === "webgpu";
    return (
      <Notice tone="error">
        <p>
          <strong>{noGpu ? "WebGPU does not work here. " : "The engine has failed. "}</strong>
          {failure.message}
        </p>
        {noGpu && (
          <p>
            The engines <em>cpu</em> and <em>scalar</em> need nothing and train the same network.{" "}
            <Button kind="small" onClick={() => change({ engine: "cpu" })}>
              Use the CPU
            </Button>
          </p>
        )}
      </Notice>
    );
  }
  if (diverged !== null) {
    const { learningRate, init } = state.value;
    const lower = learningRates.filter((rate) => rate < learningRate).at(-2) ?? learningRates[0];
    return (
      <Notice tone="error">
        <p>
          <strong>The loss was no number any more after step {diverged}.</strong> The steps became larger and larger until the weights left what numbers can hold.
          Lower the learning rate{init === "wide" ? ", start from narrower weights" : ""} or choose an activation with bounds, such as tanh.{" "}
          <Button
            kind="small"
            onClick={() => {
              change({ learningRate: lower });
              void training.open();
            }}
          >
            Start again with {lower}
          </Button>
        </p>
      </Notice>
    );
  }
  return null;
}

function DataControls({ state, change }: PartProps) {
  const { dataset, points, noise, trainShare, seed } = state.value;
  return (
    <div class="stack">
      <Select label="Pattern" value={dataset} options={options(datasetNames, datasetLabels)} groups={datasetGroups} onChange={(next) => change({ dataset: next, loss: lossesFor(next)[0]! })} />
      <Slider label="Points" value={points} min={20} max={500} step={10} onInput={(value) => change({ points: value })} />
      <Slider label="Noise" value={noise} min={0} max={0.3} step={0.01} format={(value) => value.toFixed(2)} onInput={(value) => change({ noise: value })} />
      <Slider label="To learn from" value={trainShare} min={10} max={90} step={5} format={(value) => `${value} %`} onInput={(value) => change({ trainShare: value })} />
      <NumberBox label="Seed" hint="Data, first weights and order follow from it" value={seed} min={0} max={2 ** 31 - 1} onChange={(value) => change({ seed: value })} />
    </div>
  );
}

function LearningControls({ state, change }: PartProps) {
  const { value } = state;
  const { loss, dataset, batchSize, dropout, batchNorm, regularization } = value;
  const losses = lossesFor(dataset);
  return (
    <div class="stack learning-controls">
      <Select label="Loss" value={losses.includes(loss) ? loss : losses[0]!} options={options(losses, lossLabels)} onChange={(next) => change({ loss: next })} />
      <Select label="Optimizer" value={value.optimizer} options={options(optimizerNames, optimizerLabels)} onChange={(optimizer) => change({ optimizer })} />
      <Select label="Learning rate" value={String(value.learningRate)} options={withValue(learningRates, value.learningRate)} onChange={(rate) => change({ learningRate: Number(rate) })} />
      <Select label="Schedule" value={value.schedule} options={options(scheduleNames, scheduleLabels)} onChange={(schedule) => change({ schedule })} />
      <Slider label="Batch size" value={batchSize} min={1} max={100} step={1} onInput={(size) => change({ batchSize: size })} />
      <Select label="Activation" value={value.activation} options={options(activationNames, activationLabels)} onChange={(activation) => change({ activation })} />
      <Select label="First weights" value={value.init} options={options(initNames, initLabels)} onChange={(init) => change({ init })} />
      <Slider label="Dropout" value={dropout} min={0} max={0.8} step={0.05} format={(p) => p.toFixed(2)} onInput={(p) => change({ dropout: p })} />
      <Select label="Regularisation" value={regularization} options={options(regularizationNames, regularizationLabels)} onChange={(next) => change({ regularization: next })} />
      <Select
        label="Its strength"
        value={String(value.regularizationRate)}
        disabled={regularization === "none"}
        options={withValue(regularizationRates, value.regularizationRate)}
        onChange={(rate) => change({ regularizationRate: Number(rate) })}
      />
      <Check label="Batch normalisation" checked={batchNorm} onChange={(next) => change({ batchNorm: next })} />
      {isRegression(dataset) && <p class="faint small">The colour of a point is the value to learn, from −1 to 1.</p>}
    </div>
  );
}
