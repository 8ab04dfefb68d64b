/** A state as a string: as many bytes per cell as its range needs, so that a set can tell states apart by value. */
import type { Program } from '../language/program';

export interface Packer {
  readonly bytes: number;
  toKey(s: Int32Array): string;
  /** Writes the cells that the key was made of. */
  fromKey(key: string, s: Int32Array): void;
}

export function packer(program: Program): Packer {
  const { width, lo, hi } = program;
  const size = new Uint8Array(width);
  let bytes = 0;
  for (let i = 0; i < width; i++) {
    const range = hi[i]! - lo[i]!;
    size[i] = range === 0 ? 0 : range < 1 << 8 ? 1 : range < 1 << 16 ? 2 : 4;
    bytes += size[i]!;
  }
  const buffer = new Uint8Array(bytes);
  const piece = 4096; // arguments of one call
  return {
    bytes,
    toKey(s) {
      let at = 0;
      for (let i = 0; i < width; i++) {
        let value = s[i]! - lo[i]!;
        for (let b = size[i]!; b > 0; b--) {
          buffer[at++] = value & 255;
          value >>>= 8;
        }
      }
      let key = '';
      for (let from = 0; from < bytes; from += piece)
        key += String.fromCharCode(...buffer.subarray(from, Math.min(bytes, from + piece)));
      return key;
    },
    fromKey(key, s) {
      let at = 0;
      for (let i = 0; i < width; i++) {
        let value = 0;
        for (let b = 0; b < size[i]!; b++) value |= key.charCodeAt(at++) << (8 * b);
        s[i] = (value >>> 0) + lo[i]!;
      }
    },
  };
}
