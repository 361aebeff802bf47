import { shareDeviceWith } from "./devices.js";

// To be imported before the test files that are to run on such a device.
shareDeviceWith({ cooperation: "always" });
