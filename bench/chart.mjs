// Rows a second over the time of a backfill, as SVG.
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

const SIZE = { width: 760, height: 380 };
/** Rates are shown over stretches of so many parts of a series. */
const STRETCHES = 40;

/**
 * @param {string} title
 * @param {import('./figures.mjs').Series[]} series
 * @returns {string} SVG
 */
export function rateChart(title, series) {
  echarts.use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
    // Widths of texts are estimates here: leave room.
    legend: { bottom: 0, itemGap: 45, textStyle: { fontSize: 11 } },
    grid: { top: 50, bottom: 75, left: 75, right: 45 },
    xAxis: { type: 'value', name: 'rows stored', nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'value', name: 'rows/s' },
    series: series.map(({ name, points }) => ({ type: 'line', name, data: rates(points), showSymbol: false })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

/**
 * @param {[ms: number, rows: number][]} points rows that were stored by then, ascending
 * @returns {[rows: number, rowsPerSecond: number][]}
 */
function rates(points) {
  const total = points.at(-1)?.[1] ?? 0;
  /** @type {[number, number][]} */
  const rates = [];
  let [lastMs, lastRows] = [0, 0];
  for (const [ms, rows] of points) {
    const isLast = rows === total;
    if (ms <= lastMs || (rows - lastRows < total / STRETCHES && !isLast)) continue;
    rates.push([rows, Math.round(((rows - lastRows) / (ms - lastMs)) * 1000)]);
    [lastMs, lastRows] = [ms, rows];
    if (isLast) break;
  }
  return rates;
}
