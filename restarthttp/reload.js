// The browser's side of LiveReload. It hears from the program what goes on, shows it, and reloads the
// page when another process answers than the one that made the page.
(() => {
	'use strict';

	const script = document.currentScript;
	const mark = Symbol.for('restarter');
	if (!script || window[mark]) return;
	window[mark] = true;
	if (self.origin === 'null') return; // a frame in a sandbox: the program would not answer it

	const made = new URL(script.src).search.slice(1); // the process that made the page
	// Another address each time, since a service worker may keep what it has seen.
	const events = () => new URL('/.restarter/events?' + Math.random(), self.origin).href;

	// What is remembered over a reload, for this tab.
	const key = 'restarter';
	const recall = () => {
		try {
			return JSON.parse(sessionStorage.getItem(key)) || {};
		} catch (e) {
			return {};
		}
	};
	const remember = (what) => {
		try {
			sessionStorage.setItem(key, JSON.stringify(what));
			return true;
		} catch (e) {
			return false; // a frame in a sandbox, for one, has no storage
		}
	};
	const wasReloaded = () => {
		const [navigation] = performance.getEntriesByType('navigation');
		return Boolean(navigation) && navigation.type === 'reload';
	};

	// A page that comes from a cache has the name of an old process, reloaded or not: it is tried twice
	// for each process, since the old and the new one may both answer for a moment.
	function reloadFor(process) {
		const last = recall();
		const same = last.process === process && last.url === location.href;
		const times = same ? last.times + 1 : 1;
		if (times > 2) return;
		const kept = remember({process, times, url: location.href, x: scrollX, y: scrollY});
		if (!kept && wasReloaded()) return;
		leave();
		reloading = setTimeout(() => {
			location.reload();
			// The user may want to stay, because of what was typed: that is asked once for each process.
			reloading = setTimeout(() => {
				declined = process;
				reloading = undefined;
				remember({process, times, url: location.href}); // without the scroll position
				connect();
			}, 2000);
		}, times > 1 ? 1000 : 0);
	}

	// The browser restores the position by itself, but not if the page has taken that over, nor
	// if the page grows while it loads.
	function restorePosition() {
		const last = recall();
		if (last.x === undefined) return;
		const {x, y, url} = last;
		remember({process: last.process, times: last.times, url});
		if (url !== location.href || !wasReloaded()) return;
		let moved = false;
		for (const type of ['wheel', 'touchstart', 'mousedown', 'keydown']) {
			addEventListener(type, () => { moved = true; }, {once: true, passive: true, capture: true});
		}
		const go = () => {
			if (!moved) scrollTo({left: x, top: y, behavior: 'instant'});
		};
		go();
		addEventListener('load', () => setTimeout(go));
	}

	// The stream of events. A tab that nobody sees has none: a browser opens six connections to a
	// program, and each stream takes one.
	const quick = 20, slow = 2000; // ms between two attempts
	let source, opened = 0, delay = quick;
	let again, silent, lost, reloading; // timers
	let declined; // the process for which the page was not reloaded

	function connect() {
		if (source) source.close();
		clearTimeout(again);
		if (document.visibilityState === 'hidden' || reloading) return;
		if (!lost) lost = setTimeout(noAnswer, 3000);
		opened = Date.now();
		source = new EventSource(events());
		source.onerror = ended;
		source.addEventListener('hello', (e) => {
			clearTimeout(lost);
			lost = undefined;
			if (e.data !== made && e.data !== declined) reloadFor(e.data);
		});
		for (const kind of Object.keys(show)) {
			source.addEventListener(kind, (e) => show[kind](e.data));
		}
		for (const kind of ['hello', 'beat', ...Object.keys(show)]) source.addEventListener(kind, heard);
		heard();
	}

	// A connection that is dead, as after a sleep, says nothing any more: the program does so every
	// five seconds.
	function heard() {
		clearTimeout(silent);
		silent = setTimeout(connect, 20000);
	}

	function ended() {
		source.close();
		clearTimeout(silent);
		delay = Date.now() - opened > 1000 ? quick : Math.min(2 * delay, slow);
		if (!lost) lost = setTimeout(noAnswer, 3000);
		clearTimeout(again);
		again = setTimeout(connect, delay);
	}

	function leave() {
		if (source) source.close();
		for (const timer of [again, silent, lost, reloading]) clearTimeout(timer);
		source = lost = reloading = undefined;
		delay = quick;
	}

	// What is shown, in a tree of its own that the styles of the page do not reach.
	const look = `
		:host { all: initial !important; }
		@media print { :host { display: none !important; } }
		[hidden] { display: none !important; }
		.badge {
			position: fixed; right: 12px; bottom: 12px; z-index: 2147483647; margin: 0;
			padding: 4px 10px; border: 0; border-radius: 12px; opacity: .9;
			font: 13px/1.4 system-ui, sans-serif; color: #fff; background: #333;
		}
		.badge:disabled { pointer-events: none; }
		.badge.bad { background: #a11; }
		dialog {
			box-sizing: border-box; width: min(900px, 92vw); max-height: 84vh; margin: auto; padding: 0;
			flex-direction: column; overflow: hidden; border: 0; border-top: 6px solid #e33;
			border-radius: 6px; font: 15px/1.5 system-ui, sans-serif; color: #eee; background: #1b1b1f;
		}
		dialog[open] { display: flex; }
		dialog::backdrop { background: rgba(0, 0, 0, .5); }
		header { display: flex; gap: 1em; align-items: baseline; padding: 12px 16px; }
		h2 { flex: 1; margin: 0; font-size: 17px; overflow-wrap: anywhere; }
		pre {
			margin: 0; padding: 4px 16px 16px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere;
			font: 13px/1.5 ui-monospace, Consolas, monospace; tab-size: 4;
		}
		header button {
			padding: 2px 10px; border: 1px solid #888; border-radius: 4px; font: inherit; font-size: 13px;
			color: inherit; background: none;
		}
	`;

	let ui, closed; // closed: the words of the dialog that was closed by hand

	function build() {
		const host = document.createElement('restarter-status');
		const root = host.attachShadow({mode: 'open'});
		try {
			const sheet = new CSSStyleSheet();
			sheet.replaceSync(look);
			root.adoptedStyleSheets = [sheet];
		} catch (e) {
			// An old browser shows it without style.
		}
		const make = (name, attributes, ...children) => {
			const element = document.createElement(name);
			for (const [k, v] of Object.entries(attributes)) element.setAttribute(k, v);
			element.append(...children);
			return element;
		};
		const title = make('h2', {id: 'title'});
		const words = make('pre', {id: 'words', tabindex: '0'});
		const close = make('button', {type: 'button'}, 'Close (Esc)');
		const dialog = make('dialog', {role: 'alertdialog', 'aria-labelledby': 'title', 'aria-describedby': 'words'},
			make('header', {}, title, close), words);
		const badge = make('button', {class: 'badge', type: 'button', hidden: ''});
		root.append(make('div', {role: 'status', 'aria-live': 'polite'}, badge), dialog);

		close.addEventListener('click', () => dismiss());
		dialog.addEventListener('cancel', (e) => {
			e.preventDefault();
			dismiss();
		});
		// What is typed here is not meant for the page.
		for (const type of ['keydown', 'keyup', 'keypress']) {
			dialog.addEventListener(type, (e) => e.stopPropagation());
		}
		dialog.addEventListener('keydown', (e) => {
			if (e.key !== 'Escape') return;
			e.preventDefault(); // the browser may close a dialog of the page's as well
			dismiss();
		});
		badge.addEventListener('click', () => open());
		ui = {host, title, words, dialog, badge};
	}

	function dismiss() {
		closed = ui.words.textContent;
		ui.dialog.close(); // gives the focus back
	}

	function open() {
		// showModal has the focus, and keeps the page out of reach of it and of screen readers.
		if (!ui.dialog.open) ui.dialog.showModal();
	}

	function ready() {
		if (!ui) build();
		if (!ui.host.isConnected) document.documentElement.append(ui.host);
		return ui;
	}

	function badge(text, bad, opens) {
		const b = ready().badge;
		b.textContent = text;
		b.classList.toggle('bad', Boolean(bad));
		b.disabled = !opens;
		b.hidden = false;
	}

	function dialog(title, text) {
		const u = ready();
		const place = /^\S.*?(?::\d+)+(?=[:\s]|$)/m.exec(text); // file:line:column
		u.title.textContent = place ? title + ': ' + place[0] : title;
		u.words.textContent = text || 'See the terminal.';
		badge(title.toLowerCase(), true, true);
		if (closed !== u.words.textContent) open();
	}

	function clear() {
		closed = undefined;
		if (!ui) return;
		ui.badge.hidden = true;
		if (ui.dialog.open) ui.dialog.close();
	}

	function noAnswer() {
		badge('no answer from the program; see the terminal', true);
	}

	// What to do at each event.
	const show = {
		idle: clear,
		same: clear,
		building: () => {
			closed = undefined; // what fails now is told again
			badge('building\u2026');
		},
		failed: (text) => dialog('Build failed', text),
		crashed: (text) => dialog('The new program exited', text),
		restarting: () => {
			clear();
			badge('restarting\u2026');
		},
	};

	function start() {
		try {
			// The page around a frame reloads it. Whether it can is known when it is loaded.
			if (window !== parent && parent.document.readyState !== 'complete') {
				parent.addEventListener('load', start, {once: true});
				return;
			}
			if (window !== parent && parent[mark]) return;
		} catch (e) {
			// The page around it is of another origin.
		}
		document.addEventListener('visibilitychange', () => {
			if (document.visibilityState === 'hidden') leave();
			else connect();
		});
		// A page that waits in the back-forward cache must not hold a connection.
		addEventListener('pagehide', leave);
		addEventListener('pageshow', (e) => {
			if (e.persisted) connect();
		});
		connect();
	}

	restorePosition();
	start();
})();
