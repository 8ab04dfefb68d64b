import { createRoot } from 'react-dom/client';
import '../lanes/tokens.css';
import './page.css';
import { App } from './App';
import { begin } from './start';
import { Boundary } from './ui/Boundary';

const element = document.getElementById('root');
if (element) {
  void begin().finally(() =>
    createRoot(element).render(
      <Boundary what="Hotlanes">
        <App />
      </Boundary>,
    ),
  );
}
