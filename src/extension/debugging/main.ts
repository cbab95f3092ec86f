/** The commands that debug and profile a member of a tree: a bundle of its own, which is loaded by the first of them. */
export { attachDebugger } from './attachDebugger.ts';
export { cpuProfile, heapSnapshot } from './profiles.ts';
