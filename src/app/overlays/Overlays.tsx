import { lazy, Suspense, useEffect, useState } from 'react';
import { Boundary } from '../ui/Boundary';
import { useApp } from '../use-app';

const load = { menus: () => import('./MenuHost'), dialogs: () => import('./DialogHost') };
const MenuHost = lazy(load.menus);
const DialogHost = lazy(load.dialogs);

/** Menus and dialogs, loaded when they are first wanted or when the page has nothing else to do. */
export function Overlays() {
  const menu = useApp((s) => s.menu !== null);
  const dialog = useApp((s) => s.dialog !== null);
  const [wanted, setWanted] = useState({ menu: false, dialog: false });
  if ((menu && !wanted.menu) || (dialog && !wanted.dialog))
    setWanted({ menu: wanted.menu || menu, dialog: wanted.dialog || dialog });
  useEffect(() => {
    const wait = setTimeout(() => void load.menus().catch(() => undefined), 1500);
    return () => clearTimeout(wait);
  }, []);
  return (
    <Boundary what="Menus and dialogs">
      <Suspense fallback={null}>
        {wanted.menu && <MenuHost />}
        {wanted.dialog && <DialogHost />}
      </Suspense>
    </Boundary>
  );
}
