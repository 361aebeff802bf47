/** Every service by its name, loaded when a room asks for it. Only the worker runs this; the page takes the types. */
export const services = {
  classifier: () => import("../rooms/classifier/service.js").then(({ service }) => service),
  autodiff: () => import("../rooms/autodiff/service.js").then(({ service }) => service),
  train: () => import("../rooms/train/service.js").then(({ service }) => service),
  tensors: () => import("../rooms/tensors/service.js").then(({ service }) => service),
  images: () => import("../rooms/images/service.js").then(({ service }) => service),
  modules: () => import("../rooms/modules/service.js").then(({ service }) => service),
  sequences: () => import("../rooms/sequences/service.js").then(({ service }) => service),
};

export type ServiceName = keyof typeof services;
export type ServiceOf<N extends ServiceName> = Awaited<ReturnType<(typeof services)[N]>>;
