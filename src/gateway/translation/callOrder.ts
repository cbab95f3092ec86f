import { type ChatCall, ChatCalls } from '../../protocol/chatCalls.ts';
import { GatewayError } from '../gatewayError.ts';
import type { ChatPiece } from './chatPieces.ts';
import type { Fields } from './fields.ts';

/** Maximum number of calls in one answer. */
const maxCalls = 1000;

/**
 * Calls of tools one after the other, as Anthropic's and OpenAI's newer clients expect them. A server may write several at once: the first one is told as it comes, and
 * the next one when the arguments of the one before are complete, or when all have come.
 */
export class CallOrder {
  readonly #newId: () => string;
  readonly #calls = new ChatCalls();
  /** The one that is told now; those before it are over. */
  #current = 0;
  #isBegun = false;
  /** Characters of its arguments that have been told. */
  #told = 0;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  get isEmpty(): boolean {
    return this.#calls.all.length === 0;
  }

  /** @throws GatewayError where a server goes on with one that is over. */
  add(pieces: readonly Fields[]): ChatPiece[] {
    if (pieces.length === 0) return [];
    const over = new Map(this.#calls.all.slice(0, this.#current).map((call) => [call, call.arguments.length]));
    for (const call of this.#calls.add(pieces))
      if (call.arguments.slice(over.get(call) ?? call.arguments.length).trim() !== '')
        throw new GatewayError(502, `The server went on with its call of '${call.name}' after it had said something else.`);
    if (this.#calls.all.length > maxCalls) throw new GatewayError(502, `The server’s answer has more than ${maxCalls} calls of tools.`);
    return this.#tell(false);
  }

  /** Tells what is left of all of them; nothing may follow. */
  flush(): ChatPiece[] {
    return this.#tell(true);
  }

  #tell(isOver: boolean): ChatPiece[] {
    const told: ChatPiece[] = [];
    for (let call = this.#calls.all[this.#current]; call; call = this.#calls.all[this.#current]) {
      const hasNext = this.#current + 1 < this.#calls.all.length;
      const isWhole = isOver || (hasNext && isObject(call.arguments));
      this.#tellOf(call, isWhole, told);
      if (!isWhole) break;
      this.#current++;
      this.#isBegun = false;
      this.#told = 0;
    }
    return told;
  }

  /** It has its name by the time that its arguments begin. */
  #tellOf(call: ChatCall, isWhole: boolean, told: ChatPiece[]): void {
    if (!this.#isBegun && call.arguments === '' && !isWhole) return;
    if (!this.#isBegun) told.push({ kind: 'call', id: call.id ?? this.#newId(), name: call.name });
    this.#isBegun = true;
    if (call.arguments.length > this.#told) told.push({ kind: 'arguments', text: call.arguments.slice(this.#told) });
    this.#told = call.arguments.length;
  }
}

/** Whether nothing is missing of them. */
function isObject(text: string): boolean {
  if (!text.trimEnd().endsWith('}')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
