//! A drawing of what was measured.

use std::path::Path;

use plotters::prelude::*;

use crate::Result;

/// What was measured on one database: pairs of the number of bindings and a value.
pub struct Curve {
    pub name: String,
    /// Requests per second.
    pub rates: Vec<(f64, f64)>,
    /// Megabytes.
    pub memory: Vec<(f64, f64)>,
}

/// Draws requests per second and memory over the number of bindings, both scales logarithmic, into an
/// SVG file.
pub fn draw(file: &Path, curves: &[Curve]) -> Result<()> {
    let root = SVGBackend::new(file, (900, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(450);
    panel(&left, "Look-ups of 1,000 addresses per second", curves, |curve| &curve.rates)?;
    panel(&right, "Memory of the server in MB", curves, |curve| &curve.memory)?;
    root.present()?;
    Ok(())
}

fn panel(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    curves: &[Curve],
    of: impl Fn(&Curve) -> &Vec<(f64, f64)>,
) -> Result<()> {
    let all = || curves.iter().flat_map(&of);
    let range = |values: &mut dyn Iterator<Item = f64>| {
        let (least, most) =
            values.fold((f64::MAX, 1.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        (10_f64.powf(least.log10().floor())..10_f64.powf(most.log10().ceil())).log_scale()
    };
    let (numbers, values) = (range(&mut all().map(|point| point.0)), range(&mut all().map(|point| point.1)));
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(numbers, values)?;
    let power = |value: &f64| format!("10^{:.0}", value.log10());
    chart.configure_mesh().x_desc("bindings").x_label_formatter(&power).light_line_style(WHITE).draw()?;
    for (curve, color) in curves.iter().zip([BLUE, RED]) {
        let points = of(curve);
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(4))?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::LowerRight).border_style(BLACK).draw()?;
    Ok(())
}
