//! The table of fields: the typed store, what is known of each field, and the library's setters are made from it.

use super::vocabulary::*;

fields! {
    Values {
        /// Model profile, or a Hugging Face config.json; its MFU is predicted where none is given
        "model" model: String = named().flag("model", "MODEL", "deepseek-v3");
        /// Software, by its profile
        "stack" stack: String = named().flag("stack", "STACK", "torchtitan").also(&["stack.name", "software"]);
        /// Time of a step over that of the step model
        "stack.factor" stack_factor: f64 = number().flag("stack-factor", "FACTOR", "1.1").within(0.01, 100.0);
        /// Measured steps of this software: a CSV file, or rows; what they do not say is the question's
        "measured" measured: Measured = written("a CSV file of measured steps, or rows").flag("measured", "FILE", "[{ step = '2.9 s' }]");
        /// Hours of a run that is moved to other chips over those that the step model converts
        "transfer.ratio" transfer_ratio: f64 = number().flag("transfer-ratio", "RATIO", "1.05").within(0.01, 100.0);
        /// Accelerator, or a fleet such as 2048xH800
        "run.gpu" gpu: String = named().flag("gpu", "CHIP", "h200").also(&["gpus", "accelerator", "chip"]).first();
        /// Chips held
        "run.chips" chips: Chips = base("chips").flag("chips", "N", "2048").within(1.0, CHIPS).whole();
        /// Parameters in all; for a mixture of experts give the active ones too
        "run.params" params: Params = base("parameters").flag("params", "N", "671B").also(&["param", "parameters", "parameter"]).within(1e3, 1e16).first();
        /// Parameters at work for one token; leave out for a dense model
        "run.active_params" active_params: Params = base("parameters")
            .flag("active-params", "N", "37B").also(&["active_param", "active_parameters"]).within(1e3, 1e16).first();
        /// Training tokens
        "run.tokens" tokens: Tokens = base("tokens").flag("tokens", "N", "14.8T").also(&["token"]).within(1e3, 1e17).first();
        /// Model FLOPs
        "run.flop" flop: Flop = base("FLOP").flag("flop", "N", "3.3e24").also(&["flops"]).within(1e6, 1e34);
        /// GPU-hours held
        "run.gpu_hours" gpu_hours: ChipSeconds = quantity("GPU-hours", gpu_hours, from_gpu_hours, parse)
            .flag("gpu-hours", "HOURS", "2.788M").also(&["gpu_hour", "hours"]).within(1e-3, 1e15);
        /// Wall-clock time, a bare number in days
        "run.wall_clock" wall_clock: Seconds = time().flag("days", "TIME", "60d").or("wall-clock").also(&["day"]).within(SHORTEST, LONGEST);
        /// Model FLOPs utilisation of the dense peak
        "run.mfu" mfu: Fraction = part().flag("mfu", "SHARE", "34.6%").within(LEAST, 1.0).first();
        /// Measured rate of a chip, a bare number in TFLOP/s: the MFU, by 6ND, over the dense peak
        "run.tflops_per_chip" tflops_per_chip: FlopPerSecond = speed().flag("tflops-per-chip", "RATE", "420").also(&["tflops", "tflops_per_gpu"]).within(1e-3, 1e6);
        /// Share of the held time in which the job computes
        "run.goodput" goodput: Fraction = part().flag("goodput", "SHARE", "93%").within(LEAST, 1.0);
        /// Cost of the run
        "run.cost" cost: Usd = base("USD").flag("cost", "MONEY", "$5.576M").within(CENT, DEAREST);
        /// Rent of one chip; its typical price without it
        "price.rent" price: Price = quantity("USD per GPU-hour", usd_per_hour, from_usd_per_hour, parse)
            .flag("price", "PRICE", "$3.50/h").within(1e-4, 1e5).first();
        /// Format of the matrix work
        "run.precision" precision: Precision = chosen(PRECISIONS).flag("precision", "FORMAT", "bf16");
        /// Format whose dense peak the MFU is a share of
        "run.mfu_basis" mfu_basis: Precision = chosen(PRECISIONS).flag("mfu-basis", "FORMAT", "bf16");
        /// What is kept for each parameter, in all 16, 18, 16, 18, 13, 12, 8 and 6 (4 of them on the host) bytes under Adam
        "run.states" states: States = chosen(STATES).flag("states", "STATES", "mixed").also(&["state"]);
        /// Optimizer, whose moments are kept for each trained parameter
        "run.optimizer" optimizer: Optimizer = chosen(OPTIMIZERS).flag("optimizer", "OPTIMIZER", "adam");
        /// What waits in the host's memory, over the chip's link to it
        "run.offload" offload: Offload = chosen(OFFLOADS).flag("offload", "WHAT", "optimizer");
        /// What is trained: all weights, or adapters beside frozen ones
        "run.tuning" tuning: Trained = chosen(TRAINED).flag("tuning", "WHAT", "lora");
        /// Rank of the adapters
        "run.lora_rank" lora_rank: u32 = count().flag("lora-rank", "N", "16").within(1.0, 65536.0);
        /// What vision and audio towers do; without it the language model is trained alone
        "run.towers" towers: InRun = chosen(TOWERS).flag("towers", "WHAT", "frozen").also(&["tower"]);
        /// Patches of pictures that pass through the vision tower for each token of the language model
        "run.patches_per_token" patches_per_token: f64 = number().flag("patches-per-token", "N", "0.8").also(&["patches"]).within(0.0, 1000.0);
        /// Frames of sound that pass through the audio tower for each token of the language model
        "run.frames_per_token" frames_per_token: f64 = number().flag("frames-per-token", "N", "0.5").also(&["frames"]).within(0.0, 1000.0);
        /// Patches of a picture, which see each other in the vision tower
        "run.picture_patches" picture_patches: u32 = count().flag("picture-patches", "N", "576").also(&["picture"]).within(1.0, 1e6);
        /// Tokens of a sequence
        "run.sequence_length" sequence_length: Tokens = base("tokens").flag("seq-len", "N", "4096").also(&["sequence", "context"]).within(1.0, 1e9).whole();
        /// Tokens of the documents that are packed into a sequence and do not see each other
        "run.document_length" document_length: Tokens = base("tokens")
            .flag("document-len", "N", "2000").also(&["document", "document_len"]).within(1.0, 1e9).whole();
        /// Batch of a step, in sequences (1024seq) or tokens
        "run.global_batch" global_batch: Batch = batch().flag("global-batch", "BATCH", "4Mtok").also(&["run.global_batch_tokens"]).also_in("tok")
            .within(1.0, Batch::MAX).whole();
        /// Measured tokens a second, all chips together: one measured step
        "run.tokens_per_second" tokens_per_second: f64 = rate().flag("tokens-per-second", "N", "1.2M").within(0.1, 1e13);
        /// Measured time of a step of the batch that is given, a bare number in seconds: one measured step
        "run.step_time" step_time: Seconds = quantity("seconds", get, new, seconds).flag("step-time", "TIME", "2.9s").within(1e-4, 1e7);
        /// On another chip keep the run's MFU, rather than convert it by the step model
        "run.keep_mfu" keep_mfu: bool = yes().flag("keep-mfu", "", "true");
        /// On another chip or count keep the run's hours as numbers
        "run.hold_hours" hold_hours: bool = yes().flag("hold-hours", "", "true");
        /// The day for which prices, rules, fleets and software hold; today without it
        "as_of" as_of: Date = day().flag("as-of", "DATE", "2026-02-01");
        /// Currency in which money is shown, at the rate of the day
        "money.currency" currency: Code = currency().flag("currency", "CODE", "EUR");
        /// Own rates of currencies, in US dollars per unit
        "money.rate" rate: Rates = rates().flag("rate", "RATES", "EUR=1.10");
        /// Place of the chips: its rents and prices, and in the whole bill its electricity, carbon and water
        "region" region: String = named().flag("region", "NAME", "sweden").also(&["place"]);
    }

    Layout {
        /// Tensor-parallel degree
        "layout.tp" tp: u32 = count().flag("tp", "N", "1").within(1.0, MOST);
        /// Pipeline stages
        "layout.pp" pp: u32 = count().flag("pp", "N", "16").within(1.0, MOST);
        /// Virtual stages of a chip
        "layout.vpp" vpp: u32 = count().flag("vpp", "N", "2").within(1.0, MOST);
        /// Data-parallel degree, context parallelism not counted in
        "layout.dp" dp: u32 = count().flag("dp", "N", "64").within(1.0, MOST);
        /// Context-parallel degree
        "layout.cp" cp: u32 = count().flag("cp", "N", "2").within(1.0, MOST);
        /// Expert-parallel degree
        "layout.ep" ep: u32 = count().flag("ep", "N", "64").within(1.0, MOST);
        /// Sequences of a micro-batch
        "layout.micro_batch" micro_batch: u32 = count().flag("micro-batch", "N", "1").within(1.0, MOST);
        /// ZeRO stage, from 0 to 3
        "layout.zero" zero: u32 = count().flag("zero", "STAGE", "1").within(0.0, 3.0);
        /// What the backward pass does again
        "layout.recompute" recompute: String = listed(RECOMPUTES).flag("recompute", "MODE", "selective");
        /// How layers are cut into stages: as many on each, or fewer beside a heavy head
        "layout.stages" stages: String = listed(CUTS).flag("stages", "CUT", "by-cost");
        /// Pipeline schedule
        "layout.schedule" schedule: String = listed(SCHEDULES).flag("schedule", "SCHEDULE", "1f1b");
    }

    Bill {
        /// Every charge with its source
        "bill.view" bill: View = chosen(VIEWS).flag("bill", "VIEW", "own");
        /// A hyperscaler's site rather than a rented hall
        "bill.hyperscale" hyperscale: bool = yes().flag("hyperscale", "", "true");
        /// Power usage effectiveness of the site, instead of the place's
        "bill.pue" pue: f64 = number().flag("pue", "PUE", "1.3").within(1.0, 5.0);
        /// How the chips are rented; a reservation is charged for the hours held, its whole commitment shown beside; spot takes time too
        "bill.term" term: Term = chosen(RENT_TERMS).flag("term", "TERM", "on_demand");
        /// A quote: a file with the rent, its term, dates, minimum and the rest of a contract
        "quote" quote: Quote = written("a file with a quote, or a table").flag("quote", "FILE", "{ rate = '$2.10/h' }").several();
        /// Who rents the chips out
        "rent.provider" provider: String = named().flag("provider", "NAME", "Nimbus");
        /// How long a rent binds, used or not
        "rent.commitment" commitment: Seconds = time().flag("commitment", "TIME", "6 months").within(SHORTEST, 36_500.0);
        /// Chips that the contract is for, where those are not the run's
        "rent.chips" rented_chips: Chips = base("chips").flag("rented-chips", "N", "2048").within(1.0, CHIPS).whole().in_full();
        /// The day from which the contract holds
        "rent.from" rent_from: Date = day().flag("rent-from", "DATE", "2027-01-15");
        /// The day on which it ends
        "rent.until" rent_until: Date = day().flag("rent-until", "DATE", "2027-07-15");
        /// The shortest time that is paid
        "rent.minimum" minimum_rent: Seconds = pause().flag("minimum-rent", "TIME", "1 month").within(0.0, 36_500.0);
        /// Discount on what is paid at the start
        "rent.upfront_discount" upfront_discount: Fraction = portion().flag("upfront-discount", "SHARE", "5%");
        /// Part of the rest of a commitment that is due when the run ends first; without it other work uses the rest
        "rent.leaving" leaving: Fraction = portion().flag("leaving", "SHARE", "50%");
        /// Rent of hours that the contract does not cover; without it the typical price on demand
        "rent.after" rent_after: Price = quantity("USD per GPU-hour", usd_per_hour, from_usd_per_hour, parse)
            .flag("rent-after", "PRICE", "$3.50/h").within(1e-4, 1e5);
        /// What the rent contains beside the chips: storage, egress, support
        "rent.includes" includes: String = parts().flag("includes", "WHAT", "storage, egress");
        /// What the border takes
        "bill.border" border: BorderKind = chosen(BORDER_KINDS).flag("border", "KIND", "duty").also(&["border.kind"]);
        /// What hosting is paid for
        "bill.hosting" hosting: HostingKind = chosen(HOSTING_KINDS).flag("hosting", "KIND", "all_in").also(&["hosting.kind"]);
        /// Basis of the power
        "bill.power" power: PowerBasis = chosen(POWER_BASES).flag("power", "BASIS", "server").also(&["power.basis"]);
        /// Used hours of an owned chip over all hours
        "bill.utilisation" utilisation: Fraction = part()
            .flag("utilisation", "SHARE", "85%").also(&["utilization", "own.utilisation"]).within(LEAST, 1.0);
        /// All compute of the programme over the final run, divided among its stages as they are assumed
        "bill.programme" programme: f64 = number()
            .flag("programme", "FACTOR", "2.2").also(&["program"]).within(1.0, 1000.0);
        /// People in research and engineering, for a year
        "bill.people" people: f64 = number().flag("people", "N", "150").within(0.0, 1e6);
        /// Interrupts that the run has to expect, by cause, and the days they take
        "failures.expected" failures: bool = yes().flag("failures", "", "true").in_full();
        /// Interrupts of the job in 1000 days of a node of 8 chips
        "failures.interrupts" interrupts: f64 = number().flag("interrupts", "N", "4.4").within(0.001, 10_000.0);
        /// From an interrupt until the job is started again, a bare number in days
        "failures.detect" detect_time: Seconds = time().flag("detect-time", "TIME", "10min").within(0.0, 365.0);
        /// Reload and warm-up after an interrupt, a bare number in days
        "failures.restart" restart_time: Seconds = time().flag("restart-time", "TIME", "5min").within(0.0, 365.0);
        /// Write bandwidth of the cluster's shared storage, all nodes together
        "failures.storage" storage: BytesPerSecond = base("bytes per second").flag("storage", "BANDWIDTH", "2TB/s").within(1e6, 1e15);
        /// What the job waits for when it saves its state
        "failures.checkpoint" checkpoint: Way = chosen(WAYS).flag("checkpoint", "WHERE", "host");
        /// Useful work between checkpoints, a bare number in days; the best interval without it
        "failures.interval" checkpoint_every: Seconds = time().flag("checkpoint-every", "TIME", "1h").within(SHORTEST, 365.0);
    }

    Assumptions {
        /// Price of electricity, instead of the place's; it is then metered
        "electricity.price" electricity: EnergyPrice = quantity("USD per kWh", usd_per_kwh, from_usd_per_kwh, parse)
            .flag("electricity", "PRICE", "$0.08/kWh").within(0.0, 10.0).in_full();
        /// Purchase price of a chip with its part of the server
        "own.purchase" purchase: Usd = base("USD").flag("purchase-price", "MONEY", "$30K").within(CENT, 1e8);
        /// The rest of the server over the price of its chips, where that leaves it out
        "own.server" server_share: f64 = number().flag("server-share", "FACTOR", "0.64").within(0.0, 10.0);
        /// Network over the whole cluster's price
        "own.network" network_share: Fraction = portion().flag("network-share", "SHARE", "19%").within(0.0, 0.9);
        /// What is left of the price at the end of the life
        "own.residual" residual: Fraction = portion().flag("residual", "SHARE", "10%");
        /// Cost of capital a year: the rate of interest or discount
        "own.interest" interest: Fraction = portion().flag("interest", "SHARE", "10%").or("discount-rate");
        /// Economic life of the hardware, a bare number in years
        "own.life" hardware_life: Seconds = years().flag("life", "TIME", "4y").within(0.05, 30.0);
        /// Operations staff, a chip and year
        "own.staff" staff: Usd = money().flag("staff", "MONEY", "$500").within(0.0, 1e6);
        /// Repair and maintenance a year over the price
        "own.maintenance" maintenance: Fraction = portion().flag("maintenance", "SHARE", "2%");
        /// Licences and support of an owned chip, a year
        "own.software_cost" software_cost: Usd = money().flag("software-cost", "MONEY", "$4500").within(0.0, 1e6);
        /// Hosting with electricity in it
        "hosting.all_in_usd_per_kw_month" hosting_price: f64 = dollars("USD per kW and month", KW_MONTH)
            .flag("hosting-price", "PRICE", "$130/kW/month").within(0.0, 1e5);
        /// Hosting where electricity is metered
        "hosting.facility_usd_per_kw_month" facility_price: f64 = dollars("USD per kW and month", KW_MONTH)
            .flag("facility-price", "PRICE", "$60/kW/month").within(0.0, 1e5);
        /// Rated power of a chip with its part of the server, instead of the sheet's
        "power.rated" rated_power: Watts = base("W").flag("chip-power", "POWER", "1275W").within(1.0, 1e6);
        /// Average power of a server over its rating
        "power.load" load: Fraction = part().flag("load", "SHARE", "78%").within(LEAST, 1.0);
        /// Power of network and storage over that of the servers
        "power.fabric" fabric: Fraction = portion().flag("fabric-power", "SHARE", "7%");
        /// Average power at the meter over what is provisioned there
        "power.all_in_load" all_in_load: Fraction = part().flag("meter-load", "SHARE", "78%").within(LEAST, 1.0);
        /// Power of a server over its chips', where no server is on a sheet
        "power.server_over_chip" server_power: f64 = number().flag("server-power", "FACTOR", "1.8").within(1.0, 10.0);
        /// Discount on the rent
        "rent.discount" discount: Fraction = portion().flag("discount", "SHARE", "37%").within(0.0, 0.99);
        /// What comes on top of the rent: hosts, support, taxes
        "rent.uplift" uplift: Fraction = portion().flag("uplift", "SHARE", "5%");
        /// The part of a reservation that is paid at its start
        "rent.upfront" upfront: Fraction = portion().flag("upfront", "SHARE", "50%");
        /// Time between preemptions of a job on spot chips, a bare number in days
        "spot.preemption" preemption: Seconds = time().flag("preemption", "TIME", "6h").within(SHORTEST, 3650.0);
        /// From the notice of a preemption until the chips are gone, a bare number in days
        "spot.notice" spot_notice: Seconds = pause().flag("preemption-notice", "TIME", "2min").within(0.0, 365.0);
        /// Until the chips that were taken are replaced, while the others wait; a bare number in days
        "spot.wait" spot_wait: Seconds = pause().flag("preemption-wait", "TIME", "15min").within(0.0, 365.0);
        /// A gigabyte stored for a month
        "storage.usd_per_gb_month" storage_price: f64 = dollars("USD per GB and month", GB_MONTH)
            .flag("storage-price", "PRICE", "$0.023/GB/month").within(0.0, 100.0);
        /// Data stored, instead of the size that the tokens make
        "storage.data" data_size: Bytes = base("bytes").flag("data-size", "SIZE", "60TB").within(1.0, 1e21);
        /// Bytes of a token of the data
        "storage.bytes_per_token" bytes_per_token: f64 = number().flag("token-bytes", "N", "4").within(0.0, 1e6);
        /// A gigabyte out of the provider's network
        "storage.usd_per_gb_egress" egress_price: f64 = dollars("USD per GB", GB).flag("egress-price", "PRICE", "$0.09/GB").within(0.0, 100.0);
        /// Traffic out, instead of the model's weights once
        "storage.egress" egress_size: Bytes = base("bytes").flag("egress", "SIZE", "1.3TB").within(1.0, 1e21);
        /// Bytes of a parameter in a checkpoint
        "checkpoint.bytes_per_param" checkpoint_bytes: f64 = number().flag("checkpoint-bytes", "N", "14").within(0.1, 100.0);
        /// Full checkpoints kept
        "checkpoint.kept" checkpoints_kept: f64 = number().flag("checkpoints-kept", "N", "5").within(0.0, 1e6);
        /// How long a checkpoint holds the job, a bare number in days
        "checkpoint.save" save_time: Seconds = time().flag("save-time", "TIME", "10s").within(1e-9, 365.0);
        /// Time of a step, to count the interval of checkpoints in steps; a bare number in days
        "checkpoint.step" checkpoint_step: Seconds = time().flag("checkpoint-step", "TIME", "15s").within(1e-9, 365.0);
        /// Time between interrupts of the whole job, instead of a rate; a bare number in days
        "failures.mtbf" mtbf: Seconds = time().flag("mtbf", "TIME", "6000s").within(1e-6, LONGEST);
        /// Repair of a node, a bare number in days
        "failures.repair" repair_time: Seconds = time().flag("repair-time", "TIME", "3d").within(0.0, 3650.0);
        /// Spare chips over those at work, instead of what failures need
        "failures.spares" spare_share: Fraction = portion().flag("spare-share", "SHARE", "5%");
        /// Probability with which the spares suffice
        "failures.spares_confidence" spares_confidence: Fraction = part().flag("spares-confidence", "SHARE", "95%").within(0.01, 0.999_999);
        /// Planned stops, a share of the time
        "losses.planned" planned_loss: Fraction = portion().flag("planned-stops", "SHARE", "0.5%").within(0.0, 0.9);
        /// Stragglers, a share of the time
        "losses.slow" slow_loss: Fraction = portion().flag("stragglers", "SHARE", "2%").within(0.0, 0.9);
        /// Work that is rolled back, a share of the time
        "losses.rollback" rollback_loss: Fraction = portion().flag("rollbacks", "SHARE", "1%").within(0.0, 0.9);
        /// Evaluation while the chips wait, a share of the time
        "losses.evaluation" evaluation_loss: Fraction = portion().flag("evaluation-time", "SHARE", "0.5%").within(0.0, 0.9);
        /// Rate of the duty at the border
        "border.duty" duty: Fraction = portion().flag("duty", "SHARE", "25%");
        /// Share of the seller's revenue that is taken at the border
        "border.revenue_share" revenue_share: Fraction = portion().flag("revenue-share", "SHARE", "25%").within(0.0, 0.9);
        /// The part of it that the buyer pays
        "border.passed_on" passed_on: Fraction = portion().flag("passed-on", "SHARE", "80%");
        /// Experiments over the final run: research, scaling laws, earlier versions, models that are never released
        "programme.experiments" experiments: Fraction = times().flag("experiments", "SHARE", "55%");
        /// Failed runs over the final run: given up, or begun again
        "programme.failed_runs" failed_runs: Fraction = times().flag("failed-runs", "SHARE", "17%");
        /// Ablations over the final run
        "programme.ablations" ablations: Fraction = times().flag("ablations", "SHARE", "42%");
        /// Post-training over the final run, without reinforcement learning; what the run's own phases hold is not charged again
        "programme.post_training" post_training: Fraction = times().flag("post-training", "SHARE", "2%");
        /// Reinforcement learning over the final run; what the run's own phases hold is not charged again
        "programme.rl" programme_rl: Fraction = times().flag("rl-share", "SHARE", "10%").in_full();
        /// A person of the programme for a year
        "programme.usd_per_person_year" person_year: Usd = money().flag("person-year", "MONEY", "$500K").within(0.0, 1e9);
        /// Years that the making of the hardware is spread over, a bare number in years
        "carbon.life" embodied_life: Seconds = years().flag("embodied-life", "TIME", "5y").within(0.05, 50.0).in_full();
        /// Epoch AI's view: fall of the value in powers of ten a year
        "epoch.decline" epoch_decline: f64 = number().flag("epoch-decline", "N", "0.14").within(0.0, 2.0).in_full();
        /// Epoch AI's view: network over the whole cluster's price
        "epoch.network" epoch_network: Fraction = portion().flag("epoch-network", "SHARE", "19%").within(0.0, 0.9).in_full();
        /// Epoch AI's view: age of the hardware at the start, a bare number in years
        "epoch.age" epoch_age: Seconds = years().flag("epoch-age", "TIME", "1y").within(0.0, 30.0).in_full();
        /// Epoch AI's view: average over maximum power of a GPU
        "epoch.load_gpu" epoch_load_gpu: Fraction = part().flag("epoch-load-gpu", "SHARE", "75%").within(LEAST, 1.0).in_full();
        /// Epoch AI's view: average over maximum power of a TPU
        "epoch.load_tpu" epoch_load_tpu: Fraction = part().flag("epoch-load-tpu", "SHARE", "43%").within(LEAST, 1.0).in_full();
        /// Epoch AI's view: PUE where none is given
        "epoch.pue_other" epoch_pue: f64 = number().flag("epoch-pue", "PUE", "1.25").within(1.0, 4.5).in_full();
        /// Epoch AI's view: power of a server over its chips'
        "epoch.server_power" epoch_server_power: f64 = number().flag("epoch-server-power", "FACTOR", "1.82").within(1.0, 10.0).in_full();
    }

    Ranges {
        /// Done by this date, or within this time from the start, a bare number in days: with what probability
        "by" by: Due = due().flag("by", "DATE|TIME", "90d").within(SHORTEST, LONGEST);
        /// Cost at most this much: with what probability
        "budget" budget: Usd = base("USD").flag("budget", "MONEY", "$6M").within(CENT, DEAREST);
        /// What the money has to pay for: the run alone, or all work around it
        "budget_of" budget_of: Judged = chosen(JUDGED).flag("budget-of", "WHAT", "final-run").also(&["max_cost_of"]);
        /// How sure a plan is to hold
        "confidence" confidence: Fraction = part().flag("confidence", "SHARE", "90%");
    }

    Deliveries {
        /// Chips by the day on which they come, and how surely (repeatable)
        "deliveries" deliveries: Deliveries = written("deliveries of chips").flag("deliver", "CHIPS@DATE", "2048@2027-03-01..2027-04-15:80%").or("deliveries").several();
        /// The day from which days count; without it the first delivery, else the day of asking
        "start" start: Date = day().flag("start", "DATE", "2027-01-15");
        /// Deliveries that are not certain come or fail together: one decision stands behind them
        "together" together: bool = yes().flag("together", "", "true");
        /// Burn-in and qualification of a delivery before it trains, a bare number in days
        "fleet.burn_in" burn_in: Seconds = pause().flag("burn-in", "TIME", "14d").within(0.0, 365.0);
        /// Standstill when chips join a run: the state is saved, laid out anew and read back, a bare number in days
        "fleet.expansion" joining: Seconds = pause().flag("joining", "TIME", "6h").within(0.0, 365.0);
    }

    Gates {
        /// Fail when the run costs more
        "gate.max_cost" max_cost: Usd = base("USD").flag("max-cost", "MONEY", "$6M").within(CENT, DEAREST);
        /// Fail when the run takes longer
        "gate.max_days" max_days: Seconds = time().flag("max-days", "TIME", "60d").within(SHORTEST, LONGEST);
        /// Fail when the run needs more chips
        "gate.max_chips" max_chips: Chips = base("chips").flag("max-chips", "N", "4096").within(1.0, CHIPS).whole();
        /// Fail when one run in ten costs more
        "gate.max_cost_p90" max_cost_p90: Usd = base("USD").flag("max-cost-p90", "MONEY", "$8M").within(CENT, DEAREST);
        /// Fail when one run in ten takes longer
        "gate.max_days_p90" max_days_p90: Seconds = time().flag("max-days-p90", "TIME", "90d").within(SHORTEST, LONGEST);
        /// Fail when one run in ten needs more chips
        "gate.max_chips_p90" max_chips_p90: Chips = base("chips").flag("max-chips-p90", "N", "8192").within(1.0, CHIPS).whole();
        /// Power of the site at its meter, a bare number in MW: fail when it feeds fewer chips than are asked for
        "site.power" site_power: Watts = quantity("MW", mw, from_mw, megawatts).flag("site-power", "POWER", "10MW").within(1e-3, 1e6).in_full();
    }

    Rl {
        /// How the policy learns
        "rl.algorithm" rl_algorithm: Algorithm = chosen(ALGORITHMS).flag("algorithm", "NAME", "grpo");
        /// Updates of the policy
        "rl.steps" rl_steps: f64 = number().flag("rl-steps", "N", "10400").within(1.0, 1e9).whole();
        /// Questions of an update
        "rl.prompts" rl_prompts: u32 = count().flag("prompts", "N", "32").within(1.0, MOST);
        /// Responses to a question
        "rl.samples" rl_samples: u32 = count().flag("samples", "N", "16").within(1.0, MOST);
        /// Tokens of a question
        "rl.prompt_tokens" rl_prompt_tokens: Tokens = base("tokens").flag("prompt-tokens", "N", "200").within(1.0, 1e8);
        /// Tokens of a response, in the mean of the run
        "rl.response_tokens" rl_response_tokens: Tokens = base("tokens").flag("response-tokens", "N", "8K").within(1.0, 1e8);
        /// Tokens of a response at the most
        "rl.max_response" rl_max_response: Tokens = base("tokens").flag("max-response", "N", "32768").within(2.0, 1e8);
        /// Standard deviation of the logarithm of a response's length
        "rl.length_spread" rl_length_spread: f64 = number().flag("length-spread", "SPREAD", "0.8").within(0.0, 3.0);
        /// Updates for which one rollout writes the responses
        "rl.steps_per_rollout" rl_steps_per_rollout: u32 = count().flag("steps-per-rollout", "N", "16").within(1.0, MOST);
        /// Tokens that a decode step adds, drafts that are accepted among them
        "rl.accepted" rl_accepted: f64 = number().flag("accepted", "N", "1.8").within(1.0, 16.0);
        /// Forward passes over the responses besides the update: reference, critic, reward model
        "rl.forward_passes" rl_forward_passes: u32 = count().flag("forward-passes", "N", "1").within(0.0, 100.0);
        /// Chips of one engine that writes
        "rl.engine_chips" rl_engine_chips: u32 = count().flag("engine-chips", "N", "32").within(1.0, MOST);
        /// Write and learn at the same time, on chips of their own
        "rl.async" rl_async: bool = yes().flag("async", "", "true");
        /// Share of the chips that write, where they do nothing else
        "rl.generation_share" rl_generation_share: Fraction = part().flag("generation-share", "SHARE", "75%");
    }
}
