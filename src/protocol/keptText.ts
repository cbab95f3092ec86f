/** What is kept of a request or an answer. */
export interface KeptText {
  /** Empty where it is no text. */
  readonly text: string;
  /** Size of what was sent, in bytes. */
  readonly bytes: number;
  /** Keys and passwords were replaced, or long runs of base64 shortened. */
  readonly isMasked?: true;
  /** It is the beginning only, or none of it. */
  readonly isCut?: true;
}

/** Whether the text is all that was sent, so that it can be sent again. */
export function isWhole({ text, isMasked, isCut }: KeptText): boolean {
  return text !== '' && isMasked === undefined && isCut === undefined;
}
