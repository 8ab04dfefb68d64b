/**
 * Strings that live as bytes until somebody reads them: a trace repeats a few thousand names and texts a million times,
 * and making a string for each would cost more than all the rest of reading it.
 */

const decoder = new TextDecoder(); // invalid UTF-8 becomes U+FFFD: a comm may hold any bytes

export class ByteStrings {
  private pool = new Uint8Array(1 << 16);
  private used = 0;
  private starts = new Int32Array(1 << 10); // start of string i in the pool; i + 1 is its end
  private count = 0;
  private table = new Int32Array(1 << 12).fill(-1); // open addressing: ids, by hash
  private hashes = new Int32Array(1 << 10);
  private readonly decoded: (string | undefined)[] = [];

  constructor() {
    this.id(this.pool, 0, 0); // id 0 is the empty string
  }

  /** Number of different strings. */
  get length(): number {
    return this.count;
  }

  /** The id of the bytes [start, end) of `bytes`; the same bytes always have the same id. */
  id(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash ^= hash >>> 15;
    let slot = hash & (this.table.length - 1);
    for (;;) {
      const id = this.table[slot]!;
      if (id < 0) return this.add(bytes, start, end, hash, slot);
      if (this.hashes[id] === hash && this.same(id, bytes, start, end)) return id;
      slot = (slot + 1) & (this.table.length - 1);
    }
  }

  /** The id of a string that comes from elsewhere. */
  of(text: string): number {
    const bytes = new TextEncoder().encode(text);
    return this.id(bytes, 0, bytes.length);
  }

  text(id: number): string {
    const known = this.decoded[id];
    if (known !== undefined) return known;
    const text = decoder.decode(this.pool.subarray(this.starts[id]!, this.starts[id + 1]!));
    this.decoded[id] = text;
    return text;
  }

  private same(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.starts[id]!;
    if (this.starts[id + 1]! - from !== end - start) return false;
    for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== this.pool[j]) return false;
    return true;
  }

  private add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const size = end - start;
    if (this.used + size > this.pool.length) {
      const wider = new Uint8Array(Math.max(this.pool.length * 2, this.used + size));
      wider.set(this.pool);
      this.pool = wider;
    }
    this.pool.set(bytes.subarray(start, end), this.used);
    this.used += size;
    if (this.count + 2 > this.starts.length) {
      this.starts = grown(this.starts);
      this.hashes = grown(this.hashes);
    }
    const id = this.count++;
    this.starts[id + 1] = this.used;
    this.hashes[id] = hash;
    this.table[slot] = id;
    if (this.count * 2 > this.table.length) this.rehash();
    return id;
  }

  private rehash(): void {
    const table = new Int32Array(this.table.length * 2).fill(-1);
    for (let id = 0; id < this.count; id++) {
      let slot = this.hashes[id]! & (table.length - 1);
      while (table[slot]! >= 0) slot = (slot + 1) & (table.length - 1);
      table[slot] = id;
    }
    this.table = table;
  }
}

function grown(column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(column.length * 2);
  wider.set(column);
  return wider;
}

/** The bytes of an ASCII word, to search for. */
export function ascii(word: string): Uint8Array {
  return Uint8Array.from(word, (c) => c.charCodeAt(0));
}

/** Where `word` begins within [start, end) of `bytes`, or -1. */
export function find(bytes: Uint8Array, word: Uint8Array, start: number, end: number): number {
  const first = word[0]!;
  const last = end - word.length;
  outer: for (let i = start; i <= last; i++) {
    if (bytes[i] !== first) continue;
    for (let k = 1; k < word.length; k++) if (bytes[i + k] !== word[k]) continue outer;
    return i;
  }
  return -1;
}

/** Do the bytes at `start` spell `word` (and does it end before `end`)? */
export function startsWith(bytes: Uint8Array, word: Uint8Array, start: number, end: number): boolean {
  if (start + word.length > end) return false;
  for (let k = 0; k < word.length; k++) if (bytes[start + k] !== word[k]) return false;
  return true;
}
