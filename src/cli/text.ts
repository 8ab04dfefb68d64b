/** Text for a terminal: aligned columns, wrapped lines, colour only where a person looks at it. */

export interface Paint {
  readonly bold: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  readonly dim: (text: string) => string;
}

/** Colours only on a terminal, and not where NO_COLOR asks for none. */
export function paintFor(stream: NodeJS.WritableStream): Paint {
  const on = (stream as { isTTY?: boolean }).isTTY === true && !process.env['NO_COLOR'];
  const sgr = (code: number) => (text: string) => (on && text ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: sgr(1), red: sgr(31), yellow: sgr(33), green: sgr(32), dim: sgr(2) };
}

/** Columns as wide as their widest cell, two spaces apart; the last one is not padded. */
export function columns(rows: readonly (readonly string[])[], indent = '  '): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) => {
    const cells = row.map((cell, i) => (i + 1 < row.length ? cell.padEnd(widths[i]!) : cell));
    return (indent + cells.join('  ')).trimEnd();
  });
}

/** Breaks at spaces so that no line is longer than `width`, where words allow it; further lines are indented. */
export function wrap(text: string, width = 80, first = '', next = first): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = next;
      empty = true;
    }
    line += (empty ? '' : ' ') + word;
    empty = false;
  }
  return [...lines, line];
}

/** `[    0.000189] text`, as printk stamps its lines. */
export function dmesgLine(timeUs: number, text: string): string {
  return `[${stamp(timeUs).padStart(12)}] ${text}`;
}

/** Seconds with six digits. */
export function stamp(timeUs: number): string {
  const us = Math.max(0, Math.round(timeUs));
  return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
}

/** 0,1,2,3,6 is "0-3,6". */
export function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length;) {
    let j = i;
    while (numbers[j + 1] === numbers[j]! + 1) j += 1;
    parts.push(i === j ? `${numbers[i]}` : `${numbers[i]}-${numbers[j]}`);
    i = j + 1;
  }
  return parts.join(',');
}

/** 1234567 is "1,234,567". */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** JSON of plain data; numbers that are times keep three decimals at most. */
export function json(value: unknown): string {
  const rounded = JSON.stringify(
    value,
    (_, v: unknown) => (typeof v === 'number' && !Number.isInteger(v) ? Math.round(v * 1e6) / 1e6 : v),
    2,
  );
  return `${rounded}\n`;
}
