use flopbill::catalog::{Catalog, Kind};
use flopbill::model::params::count;

#[test]
fn print_all() {
    let catalog = Catalog::built_in();
    for id in catalog.ids(Kind::Models) {
        match catalog.model(&id) {
            Err(e) => println!("ERR {id}: {e}"),
            Ok(p) => {
                let c = count(&p.shape);
                let show = |a: f64, b: Option<flopbill::units::Params>| {
                    b.map_or("".into(), |b| {
                        format!("{:.4e} vs {:.4e} {:+.2}%", a, b.get(), (a / b.get() - 1.0) * 100.0)
                    })
                };
                println!(
                    "{id:24} {} | {} | {}",
                    show(c.total().get(), p.published.total),
                    show(c.active(p.published.active_embeddings).get(), p.published.active),
                    show(
                        (c.with_mtp() + c.embedding * (2.0 * f64::from(p.shape.mtp_modules))).get(),
                        p.published.files_with_mtp
                    )
                );
            }
        }
    }
}
