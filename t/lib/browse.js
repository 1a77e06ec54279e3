// Opens a report in Chromium, in widths and schemes, with a keyboard and in print, and prints what it saw as
// JSON. Usage: browse.js REPORT.html FOLDER-FOR-SCREENSHOTS; modules puppeteer-core and axe-core by NODE_PATH.
'use strict';

const fs = require('fs');
const path = require('path');
const puppeteer = require('puppeteer-core');
const axe = fs.readFileSync(require.resolve('axe-core'), 'utf8');

const [file, folder] = process.argv.slice(2);
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];

// What axe cannot decide is told like a violation, but for contrast in what scrolls by itself: there it does
// not see what is scrolled away, nor text over an SVG's shapes. Tables do not scroll at the widest.
async function audit(page) {
	return page.evaluate(async (tags) => {
		const result = await axe.run(document, { runOnly: { type: 'tag', values: tags } });
		const scrolls = (node) => document.querySelector(node.target[0]).closest('.scroll') !== null;
		const open = result.incomplete.map((rule) => ({ id: rule.id, nodes: rule.nodes.filter((node) => rule.id !== 'color-contrast' || !scrolls(node)) }));
		return {
			violations: result.violations.concat(open).flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`)),
			contrast: result.passes.filter((rule) => rule.id === 'color-contrast').reduce((sum, rule) => sum + rule.nodes.length, 0),
		};
	}, rules);
}

async function at(page, width, scheme) {
	const seen = { width, scheme };
	await page.setViewport({ width, height: 900 });
	await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
	await page.goto(`file://${path.resolve(file)}`);
	await page.evaluate(axe);
	seen.overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
	await page.screenshot({ path: path.join(folder, `${width}-${scheme}.png`), fullPage: true });
	await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
	seen.overflowOpen = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
	Object.assign(seen, await audit(page));
	seen.background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	return seen;
}

// The first stops of the tabulator key, whether each is seen, and a fold that Enter opens.
async function keyboard(page) {
	await page.setViewport({ width: 800, height: 900 });
	await page.goto(`file://${path.resolve(file)}`);
	const stops = [];
	for (let i = 0; i < 3; i++) {
		await page.keyboard.press('Tab');
		stops.push(await page.evaluate(() => {
			const style = getComputedStyle(document.activeElement);
			return { text: document.activeElement.textContent, outline: parseFloat(style.outlineWidth), left: document.activeElement.getBoundingClientRect().left };
		}));
	}
	await page.evaluate(() => document.querySelector('details.item:not([open]) summary').focus());
	await page.keyboard.press('Enter');
	const opened = await page.evaluate(() => document.activeElement.parentElement.open);
	const link = await page.evaluate(() => {
		const to = document.querySelector('.item a[href^="#evidence-"]');
		return to ? decodeURIComponent(to.hash) : null;
	});
	if (link !== null)
		await page.evaluate((hash) => { location.hash = hash; }, link);
	const reached = link === null ? null : await page.evaluate((hash) => {
		const target = document.getElementById(hash.slice(1));
		return target !== null && target.parentElement.open;
	}, link);
	return { stops, opened, reached };
}

async function print(page) {
	await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
	await page.emulateMediaType('print');
	const seen = await page.evaluate(() => ({
		folded: document.querySelectorAll('.item:not([open])').length,
		hidden: [...document.querySelectorAll('.item:not([open]) .inner')].filter((inner) => !inner.checkVisibility()).length,
		background: getComputedStyle(document.body).backgroundColor,
		ink: getComputedStyle(document.body).color,
	}));
	await page.pdf({ path: path.join(folder, 'print.pdf'), format: 'A4' });
	await page.emulateMediaType('screen');
	return seen;
}

async function main() {
	const browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
	});
	const seen = { console: [], requests: [], views: [] };
	try {
		const page = await browser.newPage();
		page.on('console', (message) => seen.console.push(message.text()));
		page.on('pageerror', (error) => seen.console.push(String(error)));
		page.on('dialog', (dialog) => { seen.console.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
		page.on('request', (request) => { if (!/^(?:file|data):/.test(request.url())) seen.requests.push(request.url()); });
		for (const width of [320, 360, 800, 1400])
			for (const scheme of ['light', 'dark'])
				seen.views.push(await at(page, width, scheme));
		seen.keyboard = await keyboard(page);
		seen.print = await print(page);
		seen.outline = await page.evaluate(() => ({
			landmarks: ['header', 'nav', 'main', 'footer'].map((name) => document.querySelectorAll(`body > ${name}`).length),
			headings: [...document.querySelectorAll('h1,h2,h3,h4')].map((heading) => Number(heading.tagName[1])),
			verdict: document.querySelector('h1').textContent,
			scripts: document.querySelectorAll('script:not([data-axe])').length,
			ids: [...document.querySelectorAll('[id]')].length - new Set([...document.querySelectorAll('[id]')].map((element) => element.id)).size,
		}));
	} finally {
		await browser.close();
	}
	process.stdout.write(`${JSON.stringify(seen)}\n`);
}

main().catch((error) => {
	process.stderr.write(`browse.js: ${error.message.split('\n')[0]}\n`);
	process.exit(2);
});
