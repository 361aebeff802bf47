// What it takes to have a process at all.
export {};
