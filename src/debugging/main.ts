/** Debugging and profiling of processes that run, for window and command line: a bundle of its own, which is loaded when it is asked for. */
export { closeInspector } from './closeInspector.ts';
export { writeCpuProfile } from './cpuProfile.ts';
export { debugpyAddress, isDebugpyAdapter } from './debugpy.ts';
export { writeHeapSnapshot } from './heapSnapshot.ts';
export { nameOf, openInspector, type ProgramAccess } from './inspector.ts';
export { type ProfileKind, ProfileStore, profileName } from './profileStore.ts';
export { runtimeOf } from './runtime.ts';
export { withInspector } from './withInspector.ts';
