import { Autocomplete } from '@base-ui/react/autocomplete';
import { useMemo, useState } from 'react';
import { kernelTitle } from '../../kernels/index';
import { namesOf, type NameKind } from '../inspect/told';
import { loreUrl } from '../inspect/sources';
import { THREAD } from '../inspect/thread';
import { Out } from '../panels/Source';
import { renameChange } from '../store/kernel-change';
import { CommandButton } from '../ui/CommandButton';
import { goInKernel } from './handle';
import type { KernelDoc } from './kernel-doc';
import { shownDoc } from './kernel-mount';

interface Props {
  readonly doc: KernelDoc;
  /** Is it shown what it changes, and not all of it? */
  readonly changes: boolean;
}

/** Above the kernel's text: what it is, the way to a name in it, and, for a change of the user's own, its name and what can be done with it. */
export function KernelBar({ doc, changes }: Props) {
  return (
    <div className="kernel-bar">
      <div className="kernel-what">
        {doc.own ? (
          <OwnName title={doc.head.title} over={doc.head.over} />
        ) : (
          <p>{kernelTitle(doc.kernel) || doc.kernel}</p>
        )}
        {changes && <Messages ids={doc.head.messages} />}
      </div>
      <div className="kernel-tools">
        <GoTo />
        {doc.own && (
          <>
            <CommandButton id="kernel.copy" kind="plain" label="Copy" />
            <CommandButton id="kernel.download" kind="plain" label="Save" />
            <CommandButton id="kernel.drop" kind="plain" label="Drop" />
          </>
        )}
      </div>
    </div>
  );
}

/** "v5.15 + your change", of which the latter is a name to be typed. */
function OwnName({ title, over }: { readonly title: string; readonly over: string }) {
  const [typed, setTyped] = useState<string | null>(null);
  const done = (): void => {
    if (typed !== null) renameChange(typed);
    setTyped(null);
  };
  return (
    <p className="kernel-own">
      <span>{over} +</span>
      <input
        aria-label="Name of the change"
        value={typed ?? title}
        spellCheck={false}
        maxLength={80}
        onChange={({ target }) => setTyped(target.value)}
        onBlur={done}
        onKeyDown={({ key, currentTarget }) => {
          if (key === 'Enter') currentTarget.blur();
          if (key === 'Escape') setTyped(null);
        }}
      />
    </p>
  );
}

/** Where a design was proposed. */
function Messages({ ids }: { readonly ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    <p>
      Proposed in{' '}
      {ids.map((id, i) => (
        <span key={id}>
          {i > 0 && ', '}
          <Out text={THREAD.includes(id) ? `message ${THREAD.indexOf(id) + 1}` : id} url={loreUrl(id)} />
        </span>
      ))}
    </p>
  );
}

interface NameItem {
  readonly name: string;
  readonly kind: NameKind;
}

/** Most names that are listed at once. */
const MOST = 60;

/** A field for a few letters of a name; Enter goes there. */
function GoTo() {
  const [query, setQuery] = useState('');
  const [open, setOpen] = useState(false);
  const found = useMemo(() => {
    const kernel = open ? shownDoc.getState().kernel() : null;
    return kernel ? matching(namesOf(kernel), query) : [];
  }, [open, query]);
  return (
    <Autocomplete.Root
      inline
      open={open}
      items={found}
      filter={null}
      itemToStringValue={(item: NameItem) => item.name}
      value={query}
      onValueChange={(value, { reason }) => {
        if (reason !== 'input-change') return;
        setQuery(value);
        setOpen(true);
      }}
      autoHighlight="always"
    >
      <div className="kernel-goto-place">
        <Autocomplete.Input
          className="kernel-goto"
          aria-label="Go to a name"
          aria-expanded={open}
          placeholder="Go to …"
          spellCheck={false}
          onClick={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={({ key }) => key === 'Escape' && setOpen(false)}
        />
        {open && (
          <Autocomplete.List className="kernel-names">
            {(item: NameItem) => (
              <Autocomplete.Item
                key={`${item.kind} ${item.name}`}
                value={item}
                className="kernel-name"
                // the field keeps the focus until the text has it
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => {
                  setQuery('');
                  setOpen(false);
                  goInKernel(item.name);
                }}
              >
                <code>{item.name}</code>
                <span>{item.kind}</span>
              </Autocomplete.Item>
            )}
          </Autocomplete.List>
        )}
        {open && query !== '' && found.length === 0 && <p className="kernel-names">Nothing is called so.</p>}
      </div>
    </Autocomplete.Root>
  );
}

/** Names that begin so come before those that hold it, and functions before all else. */
function matching(names: readonly (readonly [NameKind, string])[], query: string): NameItem[] {
  const wanted = query.trim().toLowerCase();
  const rank = ({ name, kind }: NameItem): number =>
    (name.toLowerCase().startsWith(wanted) ? 0 : 2) + (kind === 'function' || kind === 'action' ? 0 : 1);
  return names
    .map(([kind, name]) => ({ kind, name }))
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    .slice(0, MOST);
}
