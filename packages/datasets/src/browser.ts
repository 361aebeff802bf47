import { privateCache } from "./browser/private-cache.js";
import { type RemoteSets, remoteSets } from "./remote-sets.js";

export { fromImage, toCanvas } from "./browser/images.js";
export type { FromImageOptions, ImageLayout, ToCanvasOptions } from "./browser/images.js";
export { privateCache } from "./browser/private-cache.js";
export type { RemoteOptions } from "./remote-sets.js";

const sets: RemoteSets = remoteSets(privateCache);

export const { fetchCifar10, fetchFashionMnist, fetchMnist } = sets;
