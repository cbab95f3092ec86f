/** Processes that Tree Warden did not start: terminals, the editor's own tasks, debug sessions and what other extensions run. */

export type ExternalKind = 'terminal' | 'task' | 'debug' | 'extension';

/**
 * `watched`: it is looked at, and nothing of it is touched. `marked`: what it starts inherits a mark, by which what it leaves behind is found; nothing is
 * ended. `guarded`: it ends with its window, or with a crash of the editor, the extension host or the warden, and nothing of it is left when its first
 * process has ended.
 */
export type Guard = 'watched' | 'marked' | 'guarded';

/**
 * By what the processes of an external tree are known, from the weakest to the strongest. `descent`: by looking, about once a second, at what descends from it.
 * `marks`: what it has started since it was marked is found wherever it went. `container`: the kernel also keeps it together, in a cgroup or a job.
 */
export type Hold = 'descent' | 'marks' | 'container';

/** What a snapshot says of an external tree. */
export interface External {
  readonly kind: ExternalKind;
  readonly guard: Guard;
  readonly hold: Hold;
  /** Processes outlive its first process, and are kept: it is not guarded. */
  readonly left?: true;
}
