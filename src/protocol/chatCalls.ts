/** The calls of tools in an answer in OpenAI's words, and in what servers make of them: pure. */
import { asRecord } from './jsonFields.ts';

export interface ChatCall {
  readonly index: unknown;
  readonly id: string | undefined;
  name: string;
  arguments: string;
}

/** Puts the calls together from their pieces. Servers number calls, or number all of them 0, or do not number them; each call has its name in one piece. */
export class ChatCalls {
  readonly all: ChatCall[] = [];

  /** Takes the `tool_calls` of one event, or of a whole message; answers with those that have changed. */
  add(pieces: readonly Readonly<Record<string, unknown>>[]): ReadonlySet<ChatCall> {
    const changed = new Set<ChatCall>();
    for (const piece of pieces) {
      const id = typeof piece['id'] === 'string' && piece['id'] !== '' ? piece['id'] : undefined;
      const { name, arguments: given } = asRecord(piece['function']);
      const index: unknown = piece['index'] ?? undefined;
      const before = this.all.findLast((call) => (id !== undefined && call.id === id) || index === undefined || call.index === index);
      const isNamed = typeof name === 'string' && name !== '';
      const isAnother =
        before === undefined ||
        (id !== undefined && before.id !== undefined && before.id !== id) ||
        (id === undefined && isNamed && (changed.has(before) || before.arguments !== ''));
      const call = isAnother ? { index, id, name: '', arguments: '' } : before;
      if (isAnother) this.all.push(call);
      changed.add(call);
      if (isNamed && call.name !== name) call.name += name;
      if (given !== undefined && given !== null) call.arguments += typeof given === 'string' ? given : JSON.stringify(given);
    }
    return changed;
  }
}
