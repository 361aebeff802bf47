import type { ComponentType } from "preact";

export interface RoomEntry {
  readonly id: string;
  readonly title: string;
  /** One line: what one sees here. */
  readonly about: string;
  readonly load: () => Promise<{ readonly Room: ComponentType }>;
}

/** The rooms, in the order in which the ideas build on one another. */
export const rooms: readonly RoomEntry[] = [
  { id: "classifier", title: "Classifier", about: "Separate two classes by hand, with two weights and a bias.", load: () => import("./classifier/room.js") },
  { id: "autodiff", title: "Autodiff", about: "Derivatives of an expression, one step at a time.", load: () => import("./autodiff/room.js") },
  { id: "train", title: "Train", about: "Build a network and watch it learn a pattern of the plane.", load: () => import("./train/room.js") },
  { id: "tensors", title: "Tensors", about: "Shape, strides and storage; which element meets which.", load: () => import("./tensors/room.js") },
  { id: "images", title: "Images", about: "A convolutional network learns to read digits, then reads yours.", load: () => import("./images/room.js") },
  { id: "sequences", title: "Sequences", about: "A network learns to spell, letter by letter.", load: () => import("./sequences/room.js") },
  { id: "modules", title: "Modules", about: "The tree of a model: its layers, shapes and parameters.", load: () => import("./modules/room.js") },
];

export const firstRoom = "train";
