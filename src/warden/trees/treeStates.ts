import type { LeftoverPolicy, TreeState } from '../../protocol/messages.ts';

export type TreeEvent =
  /** `awaited`: a probe has to say when it is ready. */
  | { readonly type: 'spawned'; readonly awaited: boolean }
  | { readonly type: 'spawnFailed' }
  | { readonly type: 'ready' }
  | { readonly type: 'leaderExited'; readonly ok: boolean; readonly membersLeft: boolean; readonly policy: LeftoverPolicy }
  /** Somebody is there to be stopped. */
  | { readonly type: 'stopRequested' }
  /** Nobody is left. `forced`: it took a SIGKILL; `ok`: the leader ended well, or as it was asked to. */
  | { readonly type: 'gone'; readonly forced: boolean; readonly ok: boolean }
  /** Members are alive after SIGKILL. */
  | { readonly type: 'stuck' };

/** The state that follows; undefined where the event means nothing in this state and is to be ignored. */
export function nextState(state: TreeState, event: TreeEvent): TreeState | undefined {
  switch (event.type) {
    case 'spawned':
      if (state !== 'starting') return undefined;
      return event.awaited ? 'starting' : 'ready';
    case 'spawnFailed':
      return state === 'starting' ? 'failed' : undefined;
    case 'ready':
      return state === 'starting' ? 'ready' : undefined;
    case 'stopRequested':
      // An unkillable tree may be tried again; one whose leader has left on purpose can still be stopped.
      return state === 'starting' || state === 'ready' || state === 'exited' || state === 'unkillable' ? 'stopping' : undefined;
    case 'leaderExited':
      if (state !== 'starting' && state !== 'ready') return undefined;
      if (!event.membersLeft) return event.ok ? 'exited' : 'failed';
      return event.policy === 'keep' ? 'exited' : 'stopping';
    case 'gone':
      if (state === 'exited') return event.ok ? undefined : 'failed';
      if (state !== 'stopping' && state !== 'unkillable') return undefined;
      if (event.forced) return 'killed';
      return event.ok ? 'exited' : 'failed';
    case 'stuck':
      return state === 'stopping' ? 'unkillable' : undefined;
  }
}
