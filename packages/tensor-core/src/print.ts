import type { Tensor } from "./tensor.js";
export const formatTensor = (t: Tensor, values: ArrayLike<number | bigint>): string => `tensor(${t.shape.join()}: ${Array.from(values).join()})`;
export const describeTensor = (t: Tensor): string => `tensor(${t.shape.join()})`;
export const setPrintOptions = (): void => undefined;
export const getPrintOptions = (): void => undefined;
