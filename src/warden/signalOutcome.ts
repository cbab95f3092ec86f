import type { SignalOutcome } from '../platform/platform.ts';
import { RequestError } from './requestError.ts';

/** @throws RequestError that says why a signal has not reached `target`. */
export function assertSent(outcome: SignalOutcome, signal: NodeJS.Signals, target: string): void {
  if (outcome === 'protected')
    throw new RequestError(
      'notPossible',
      `${signal} was not sent to ${target}: the warden, or a process that it runs under, is never signalled.`,
    );
  if (outcome === 'denied') throw new RequestError('notPossible', `${signal} was refused for ${target}: it belongs to another user.`);
  if (outcome === 'unheard')
    throw new RequestError('notPossible', `${signal} was not heard by ${target}: it has neither a console nor a window.`);
  if (outcome === 'gone') throw new RequestError('notPossible', `${signal} was not sent to ${target}: it has ended.`);
}
