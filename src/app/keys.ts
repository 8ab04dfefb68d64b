/** Keys to commands, for the whole page. */
import { commandFor, isPossible, whyNot } from './registry';
import { get, set } from './store/store';

/** "Shift+ArrowRight", "Mod+z", "?". A letter typed with Shift is told with it; another sign is itself. */
export function keyOf(event: KeyboardEvent): string {
  const { key } = event;
  const letter = /^[a-z]$/i.test(key);
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push('Mod');
  if (event.altKey) parts.push('Alt');
  const named = key.length > 1;
  if (event.shiftKey && (named || letter)) parts.push('Shift');
  const mod = parts.includes('Mod');
  parts.push(
    key === ' ' ? 'Space' : letter ? (parts.includes('Shift') && !mod ? key.toUpperCase() : key.toLowerCase()) : key,
  );
  return parts.join('+');
}

/** Does the focused element take this key for itself? */
function takesIt(target: Element, key: string): boolean {
  if (target.closest('[role="dialog"], [role="menu"], [role="listbox"]')) return true;
  if (target.matches('input[type="range"]')) return /^(Shift\+)?(Arrow|Home|End|Page)/.test(key);
  if (target.closest('input, textarea, select, [contenteditable="true"]')) return key !== 'Escape';
  if (key === 'Space' || key === 'Enter') return target.closest('button, a, summary, [role="button"]') !== null;
  if (/^(Arrow(Up|Down)|Home|End|Page)/.test(key)) return target.matches('[data-scrolls]');
  return false;
}

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const s = get();
  if (s.menu !== null || s.dialog !== null) return;
  const key = keyOf(event);
  const command = commandFor(key);
  if (!command || (event.target instanceof Element && takesIt(event.target, key))) return;
  event.preventDefault();
  if (isPossible(command)) command.run();
  else set({ notice: { tone: 'info', text: `${command.title}: ${whyNot(command)}.`, details: [] } });
}
