/** The names of hotplug states by number, as /sys/devices/system/cpu/hotplug/states lists them. */
export type StateNames = ReadonlyMap<number, string>;

/** Reads lines of the form "138: kvm/cpu:starting"; others are passed over. */
export function parseStates(text: string): StateNames {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const found = /^\s*(\d+):\s*(\S.*?)\s*$/.exec(line);
    if (found) names.set(Number(found[1]), found[2]!);
  }
  return names;
}
