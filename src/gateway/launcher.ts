import type { Dispatcher } from 'undici';
import type { LivingServer, ServerEnd, ServerProgress, StartedServer } from '../protocol/gateway.ts';
import type { ModelRequest } from '../protocol/models.ts';

/** A server of a model that was started. */
export interface Launched extends StartedServer {
  /** Of a server elsewhere, which listens at no port of this machine. */
  readonly connections?: Dispatcher;
  /** Resolves when it can answer; rejects with a sentence when it has ended before. */
  readonly ready: Promise<void>;
  /** Resolves when no process of it is left. */
  readonly ended: Promise<InstanceEnd>;
}

export type InstanceEnd = Pick<ServerEnd, 'reason' | 'wanted'>;

/** Hears of a server while it lives. */
export interface LaunchListener {
  /** How much of the model is loaded, as far as that is known. */
  onProgress(progress: ServerProgress): void;
  /** The health that its probe reports has changed since the server was ready. `problem`: what is wrong, as a sentence, where that is known. */
  onHealth(isHealthy: boolean, problem?: string): void;
  /** Whether it is not needed any more: what is not begun yet need not be. */
  isGivenUp(): boolean;
}

/** Starts and ends servers. */
export interface Launcher {
  /** @throws Error with one sentence where it cannot be started. */
  launch(model: ModelRequest, instance: number, listener: LaunchListener): Promise<Launched>;
  /** Follows a server that was started for the gateway process before this one. */
  takeOver(server: LivingServer, listener: LaunchListener): Launched;
  /**
   * Resolves when no process of it is left, and the memory that it had is back: of one that has ended by itself, too.
   * @throws Error where that is not so; it can be asked again.
   */
  end(launched: Pick<Launched, 'tree' | 'name'>, reason: string): Promise<void>;
}
