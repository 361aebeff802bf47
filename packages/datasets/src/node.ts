export { loadFashionMnist, loadMnist } from "./node/mnist.js";
