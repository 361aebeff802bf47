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
];

export const firstRoom = "train";
