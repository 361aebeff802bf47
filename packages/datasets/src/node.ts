import { fileCache } from "./node/file-cache.js";
import { type RemoteSets, remoteSets } from "./remote-sets.js";

export { type BrownFile, loadBrown } from "./node/brown.js";
export { fileCache } from "./node/file-cache.js";
export { loadCifar10, loadFashionMnist, loadMnist } from "./node/image-directories.js";
export type { RemoteOptions } from "./remote-sets.js";

const sets: RemoteSets = remoteSets(fileCache);

export const { fetchCifar10, fetchFashionMnist, fetchMnist } = sets;
