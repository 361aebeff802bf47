/** The worker that computes. Its name says for which room. */
import { type Endpoint, serve } from "./protocol.js";
import { type ServiceName, services } from "./services.js";

// TypeScript takes this for a page; it is the scope of a worker.
const scope = globalThis as unknown as Endpoint & { readonly name: ServiceName };

serve(services[scope.name](), scope);
