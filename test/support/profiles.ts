interface Profile {
  readonly nodes: readonly { readonly callFrame: { readonly functionName: string }; readonly hitCount: number }[];
}

/** How often each function was running, by the text of a `.cpuprofile` file. */
export function hitsByFunction(text: string): Map<string, number> {
  const { nodes } = JSON.parse(text) as Profile;
  const hits = new Map<string, number>();
  for (const { callFrame, hitCount } of nodes) hits.set(callFrame.functionName, (hits.get(callFrame.functionName) ?? 0) + hitCount);
  return hits;
}
