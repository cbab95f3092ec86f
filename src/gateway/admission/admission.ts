import type { ModelRequest } from '../../protocol/models.ts';

/** A model, as what decides on its turns sees it. */
export interface GroupMember {
  readonly name: string;
  /** Number of requests that are being answered. */
  readonly outstanding: number;
  /** Whether a request waits for it. */
  readonly isWanted: boolean;
  /** Whether it is being loaded, and cannot answer yet. */
  readonly isLoading: boolean;
  /** Its turn has begun, or begun again: from now on it may load and answer. */
  begin(): void;
  /** Unloads it, for another one: `reason` says for which, as a clause. Resolves when its memory is verified to be free, however its servers have ended; rejects with the reason why it is not. */
  releaseMemory(reason: string): Promise<void>;
  /** Rejects every request that waits for it, because it cannot be loaded; where some of its servers are loaded, only what waits for further ones. */
  fail(error: Error): void;
}

/** The same, where the size of what it loads matters. */
export interface SizedMember extends GroupMember {
  readonly model: ModelRequest;
  /** Number of its servers when those that it wants are there: beside ones that it does not want any more, and that are not verified to be gone. */
  readonly expected: number;
  /** Number of servers of which it is not verified that they are gone. */
  readonly listed: number;
  /** It is not declared any more, or is as another one: nothing keeps it from going. */
  readonly isRetired: boolean;
  /** All of its servers are being ended. */
  readonly isUnloading: boolean;
  /** When it was asked last, by performance.now(); negative infinity where it never was. */
  readonly askedAt: number;
}

/** Decides when models that cannot all be loaded at once are. */
export interface Admission<Member extends GroupMember = GroupMember> {
  /** Whether this model may take another request now. */
  mayAnswer(member: Member): boolean;
  /** Whether it may start as many servers as it wants now; where it has to wait for that, {@link GroupMember.begin} is called when it may. */
  mayLaunch(member: Member): boolean;
  /** Servers of this model are running already, so the memory is its own. */
  takeOver(member: Member): void;
  /** A request waits for this model. */
  want(member: Member): void;
  /** To be called when a model has answered a request, is ready, or is no longer wanted. */
  settle(): void;
  /** To be called when this model is verified to be unloaded, and no request waits for it. */
  leave(member: Member): void;
  /** Why it waits, as a clause; undefined where there is nothing to say. */
  reasonToWait(member: Member): string | undefined;
  dispose(): void;
}
