/** Sends what needs no answer: that the other side has gone is noticed by the end of its connection, not here. */
export async function ifConnected(send: () => Promise<void>): Promise<void> {
  try {
    await send();
  } catch {
    // The connection is closed.
  }
}
