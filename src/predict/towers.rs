//! What vision and audio towers do in a run: left out, frozen or trained, and what passes through them.

use crate::catalog::hf::Tower;
use crate::catalog::model::ModelProfile;
use crate::error::Error;
use crate::input::field;
use crate::input::file::{Entry, Spec};
use crate::model::tower::{InRun, MOST_TOWERS, Sense, TowerWork, Towers};
use crate::units::show;

/// Patches of a picture where neither the question nor the class says: 448 by 448 pixels of 14 by 14. An assumption.
const PICTURE: u32 = 1024;

/// Frames of a clip where its class does not say: 30 seconds of 50 (Radford et al. 2022, arXiv:2212.04356, section 2.2).
const CLIP: u32 = 1500;

/// What a question says of towers, its file's names beside the values.
struct Asked<'s> {
    patches: Option<&'s Entry<f64>>,
    frames: Option<&'s Entry<f64>>,
    picture: Option<&'s Entry<u32>>,
}

/// The model with its towers at work, as the question says.
pub(super) fn with_towers(
    mut model: ModelProfile,
    spec: &Spec,
    chosen: &mut Vec<String>,
) -> Result<ModelProfile, Error> {
    let asked = Asked {
        patches: spec.patches_per_token.as_ref(),
        frames: spec.frames_per_token.as_ref(),
        picture: spec.picture_patches.as_ref(),
    };
    let trained = match &spec.towers {
        None => None,
        Some(entry) if model.towers.is_empty() => {
            let message = format!("run.towers: `{}` has no towers", model.name);
            let hint = "leave it out, or name a config.json that has a vision_config or an audio_config";
            return Err(refused(entry, "run.towers", message, hint));
        }
        Some(entry) => Some(entry.value).filter(|value| *value != InRun::LeftOut).map(|value| value == InRun::Trained),
    };
    let Some(trained) = trained else {
        asked.nothing()?;
        chosen.extend(language_alone(&model));
        return Ok(model);
    };
    if model.towers.len() > MOST_TOWERS {
        let message =
            format!("`{}` has {} towers, and {MOST_TOWERS} at most are timed", model.name, model.towers.len());
        return Err(Error::bad_input(message).about("run.towers"));
    }
    asked.sees(&model, spec)?;
    model.shape.towers = Towers::of(model.towers.iter().map(|tower| asked.work(tower, trained, &model)));
    chosen.extend(asked.said(&model, trained));
    Ok(model)
}

/// That the towers beside a language model are not in the answer, where it has any.
fn language_alone(model: &ModelProfile) -> Option<String> {
    let (names, count) = counted(&model.towers);
    (!model.towers.is_empty()).then(|| {
        format!(
            "hours and memory are the language model's alone, without its {names} ({count} parameters): \
             run.towers and run.patches_per_token bring them in"
        )
    })
}

/// What a field is called where flags are typed.
fn typed(path: &str) -> String {
    field::find(path).map_or_else(|_| path.to_owned(), field::Field::typed_flag)
}

fn counted(towers: &[Tower]) -> (String, String) {
    let all: f64 = towers.iter().map(|tower| tower.params.get()).sum();
    let names: Vec<&str> = towers.iter().map(|tower| tower.name.as_str()).collect();
    (names.join(" and "), show::count(all, 3))
}

fn refused<T>(entry: &Entry<T>, path: &'static str, message: String, hint: &str) -> Error {
    entry.origin.locate(Error::bad_input(message).about(path).with_hint(hint))
}

impl Asked<'_> {
    /// Refuses what is said of towers that are not in the run.
    fn nothing(&self) -> Result<(), Error> {
        let of = |path: &'static str| {
            let message = format!("{path}: it is of towers, and they are not in the run");
            Error::bad_input(message)
                .about(path)
                .with_hint(format!("add {} frozen or trained, or leave it out", typed("run.towers")))
        };
        let numbers = [(self.patches, "run.patches_per_token"), (self.frames, "run.frames_per_token")];
        if let Some((entry, path)) = numbers.into_iter().find_map(|(entry, path)| Some((entry?, path))) {
            return Err(entry.origin.locate(of(path)));
        }
        self.picture.map_or(Ok(()), |entry| Err(entry.origin.locate(of("run.picture_patches"))))
    }

    /// Refuses what no tower of the model works on, and towers of which nobody says what passes through them.
    fn sees(&self, model: &ModelProfile, spec: &Spec) -> Result<(), Error> {
        let has = |sense: Sense| model.towers.iter().any(|tower| tower.part.sense == sense);
        let without = |path: &'static str, what: &str| format!("{path}: `{}` has no {what} tower", model.name);
        let given = [
            (self.patches, "run.patches_per_token", Sense::Pictures, "vision"),
            (self.frames, "run.frames_per_token", Sense::Sound, "audio"),
        ];
        for (entry, path, sense, what) in given {
            if let Some(entry) = entry.filter(|_| !has(sense)) {
                return Err(refused(entry, path, without(path, what), "leave it out"));
            }
        }
        if let Some(entry) = self.picture.filter(|_| !has(Sense::Pictures)) {
            return Err(refused(
                entry,
                "run.picture_patches",
                without("run.picture_patches", "vision"),
                "leave it out",
            ));
        }
        if self.patches.is_some() || self.frames.is_some() {
            return Ok(());
        }
        let path = if has(Sense::Pictures) { "run.patches_per_token" } else { "run.frames_per_token" };
        let message =
            format!("{path}: what passes through the towers for each token of the language model is not said");
        let hint = format!("add {} 0.8, or leave the towers out", typed(path));
        let error = Error::bad_input(message).about(path).with_hint(hint);
        Err(spec.towers.as_ref().map_or(error.clone(), |entry| entry.origin.locate(error)))
    }

    /// A tower at work.
    fn work(&self, tower: &Tower, trained: bool, model: &ModelProfile) -> TowerWork {
        let mut part = tower.part;
        let usual = match part.sense {
            Sense::Pictures => PICTURE,
            Sense::Sound => CLIP,
        };
        let own = self.picture.map(|entry| entry.value).filter(|_| part.sense == Sense::Pictures);
        if let Some(blocks) = &mut part.blocks {
            blocks.picture = own.or(Some(blocks.picture).filter(|patches| *patches > 0)).unwrap_or(usual);
        }
        let of = |entry: Option<&Entry<f64>>| entry.map_or(0.0, |entry| entry.value);
        // A projector alone joins what no tower saw before (Fuyu).
        let alone = model.towers.iter().all(|tower| tower.part.joins);
        let share = match part.sense {
            Sense::Pictures => of(self.patches),
            Sense::Sound => of(self.frames),
        };
        TowerWork { tower: part, share, trained: trained || part.joins, goes_on: trained && !alone }
    }

    /// What was decided, in sentences.
    fn said(&self, model: &ModelProfile, trained: bool) -> Vec<String> {
        let each = || model.towers.iter().zip(model.shape.towers.each());
        let mut say: Vec<String> = each().map(|(tower, work)| self.of_one(tower, work, trained)).collect();
        let unknown = each().filter(|(_, work)| !work.tower.joins && work.tower.blocks.is_none());
        say.extend(unknown.map(|(tower, _)| {
            let name = &tower.name;
            format!(
                "{name}: counted by its parameters alone, in products as wide as the language model's stream, assumed"
            )
        }));
        say.push("6ND, and the MFU by it, are the language model's alone; exact FLOPs count the towers too".into());
        say
    }

    fn of_one(&self, tower: &Tower, work: &TowerWork, trained: bool) -> String {
        let (what, one) = match work.tower.sense {
            Sense::Pictures => ("patches", "a picture"),
            Sense::Sound => ("frames", "a clip"),
        };
        let does = if work.trained { "trained" } else { "frozen" };
        let beside = if work.trained && !trained { " beside frozen towers" } else { "" };
        let share = show::number(work.share, 4);
        let passes =
            if work.share > 0.0 { format!("{share} {what} a token") } else { format!("no {what}, in memory alone") };
        let seen = work.tower.blocks.filter(|_| work.share > 0.0).map(|blocks| {
            let given = self.picture.is_some() && work.tower.sense == Sense::Pictures;
            let own = tower.part.blocks.is_some_and(|own| own.picture > 0);
            let from = if given {
                ""
            } else if own {
                ", of its class or file"
            } else {
                ", assumed"
            };
            format!(", {} of {one} see each other{from}", show::whole(f64::from(blocks.picture)))
        });
        format!("{} {does}{beside}: {passes}{}", tower.name, seen.unwrap_or_default())
    }
}
