/** Under what the runs of a process are kept, whichever window or command line starts it. */
export interface RunKey {
  /** The path of the workspace's processes.json, also of what a file that it includes declares; or a text of the client's own for what no file does. */
  readonly origin: string;
  /** Its name in its file, which stands for all of its instances. */
  readonly name: string;
}

/** What has begun a run, where it was neither a user nor another process. `save`: a file was saved in the editor. */
export type RunTrigger = 'schedule' | 'save';
