# Figures of R metafor for public data sets and made cases, as JSON on stdout, a case a line:
#   Rscript run_metafor.R > reference.json
# Needs the Debian packages r-cran-metafor, r-cran-metadat and r-cran-jsonlite. The tests read reference.json and need no R.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})

MODELS <- c(common = "EE", DL = "DL", PM = "PM", REML = "REML", ML = "ML")
INTERVALS <- c(wald = "z", HK = "knha", "HK-modified" = "adhoc")
# metafor stops iterating at 1e-5 and searches tau2 up to 100 by default; both are widened so that its last digits count.
THRESHOLDS <- c(1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10)
PROFILE <- list(tol = 1e-14, maxiter = 100000, tau2.max = 1e7)

quiet <- function(expression) suppressWarnings(suppressMessages(expression))
plain <- function(x) unname(as.numeric(x))
vector <- function(x) I(plain(x))

# The fit at the strictest threshold at which the iterations come to rest.
fit_of <- function(yi, vi, model, interval, level) {
  for (threshold in THRESHOLDS) {
    control <- list(threshold = threshold, maxiter = 1000, tol = 1e-14, tau2.max = 1e7)
    fit <- try(quiet(rma(yi, vi, method = MODELS[[model]], test = INTERVALS[[interval]], level = level, control = control)),
               silent = TRUE)
    if (!inherits(fit, "try-error")) return(fit)
  }
  stop("no fit: ", model)
}

numbers_of <- function(fit) list(
  k = fit$k, estimate = plain(fit$beta), se = fit$se, ci_low = fit$ci.lb, ci_high = fit$ci.ub, p_value = fit$pval,
  tau2 = fit$tau2, q = fit$QE, q_p = fit$QEp, i2 = fit$I2, h2 = fit$H2)

pooled_of <- function(yi, vi, model, interval, level) {
  fit <- fit_of(yi, vi, model, interval, level)
  found <- c(list(model = model, interval = interval), numbers_of(fit))
  if (interval == "wald") found$weights <- vector(weights(fit) / 100)
  if (model == "common" || fit$k == 1) return(found)
  prediction <- quiet(predict(fit))
  profile <- quiet(confint(fit, control = PROFILE))$random
  c(found, list(
    prediction_low = prediction$pi.lb, prediction_high = prediction$pi.ub,
    tau2_low = profile["tau^2", "ci.lb"], tau2_high = profile["tau^2", "ci.ub"],
    i2_low = profile["I^2(%)", "ci.lb"], i2_high = profile["I^2(%)", "ci.ub"],
    h2_low = profile["H^2", "ci.lb"], h2_high = profile["H^2", "ci.ub"]))
}

pooled_all <- function(yi, vi, level) {
  grid <- expand.grid(interval = names(INTERVALS), model = names(MODELS), stringsAsFactors = FALSE)
  if (length(yi) == 1) grid <- grid[grid$interval == "wald", ]
  lapply(seq_len(nrow(grid)), function(n) pooled_of(yi, vi, grid$model[n], grid$interval[n], level))
}

# Each subgroup alone, and Q between their estimates weighted by Wald's standard errors.
subgroups_of <- function(yi, vi, group, model, level) {
  names <- unique(group)
  fits <- lapply(names, function(name) fit_of(yi[group == name], vi[group == name], model, "wald", level))
  between <- quiet(rma(sapply(fits, function(fit) plain(fit$beta)), sei = sapply(fits, function(fit) fit$se), method = "EE"))
  list(model = model, groups = Map(function(name, fit) c(list(name = name), numbers_of(fit)), names, fits),
       q_between = between$QE, q_between_p = between$QEp)
}

# The pool without each study, fitted anew, for leave1out gives up where the strictest threshold is not met.
without_of <- function(yi, vi, model, interval, level) {
  fits <- lapply(seq_along(yi), function(n) fit_of(yi[-n], vi[-n], model, interval, level))
  figure <- function(name) vector(sapply(fits, function(fit) plain(fit[[name]])))
  list(model = model, interval = interval, estimate = figure("beta"), se = figure("se"), ci_low = figure("ci.lb"),
       ci_high = figure("ci.ub"))
}

# Mantel-Haenszel and Peto; tables that say nothing of a ratio are no studies of the pool.
mantel_haenszel <- function(measure, dat, level) {
  drop <- measure != "RD"
  quiet(rma.mh(measure = measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, level = level,
               drop00 = c(drop, drop), addyi = drop))
}
peto <- function(dat, level)
  quiet(rma.peto(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, level = level, drop00 = c(TRUE, TRUE)))

# The pool without each table that it is made of, null where there is none.
without_tables <- function(pool, dat, kept) {
  fits <- lapply(which(kept), function(n) pool(dat[-n, ]))
  figure <- function(name) vector(sapply(fits, function(fit) plain(fit[[name]])))
  list(estimate = figure("beta"), se = figure("se"), ci_low = figure("ci.lb"), ci_high = figure("ci.ub"))
}

tables_of <- function(measure, dat, level) {
  found <- setNames(list(), character())
  if (!measure %in% c("RR", "OR", "RD")) return(found)
  kept <- measure == "RD" | !with(dat, (ai == 0 & ci == 0) | (ai == n1i & ci == n2i))
  pools <- list(MH = function(dat) mantel_haenszel(measure, dat, level))
  if (measure == "OR") pools$Peto <- function(dat) peto(dat, level)
  for (name in names(pools)) {
    fit <- pools[[name]](dat)
    found[[name]] <- numbers_of(fit)
    if (name == "MH") found$MH$weights <- vector(weights(fit) / 100)
    if (sum(kept) > 1) found[[name]]$without <- without_tables(pools[[name]], dat, kept)
  }
  found
}

effects_of <- function(measure, dat) switch(measure,
  MD = , SMD = escalc(measure = measure, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat),
  # Tables without (or with nothing but) events say nothing of a ratio and are dropped.
  RR = , OR = escalc(measure = measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, drop00 = TRUE),
  # A risk difference needs no correction; its variance does where a cell is 0.
  RD = escalc(measure = measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, addyi = FALSE),
  generic = escalc(measure = "GEN", yi = yi, vi = vi, data = dat))

case_of <- function(name, measure, dat, source, group = NULL, level = 0.95) {
  complete <- complete.cases(dat)
  dat <- dat[complete, , drop = FALSE]; group <- group[complete]
  effects <- quiet(effects_of(measure, dat))
  kept <- !is.na(effects$yi)
  yi <- plain(effects$yi)[kept]; vi <- plain(effects$vi)[kept]
  percent <- 100 * level
  found <- list(name = name, measure = measure, source = source, level = level, studies = lapply(dat, vector),
                kept = vector(which(kept)), yi = I(yi), vi = I(vi), pooled = pooled_all(yi, vi, percent),
                tables = tables_of(measure, dat, percent))
  if (length(yi) > 2) found$without <- lapply(
    list(list("common", "wald"), list("DL", "HK"), list("REML", "HK-modified")),
    function(how) without_of(yi, vi, how[[1]], how[[2]], percent))
  if (!is.null(group)) {
    found$studies$group <- I(group)
    found$subgroups <- lapply(names(MODELS), function(model) unname(subgroups_of(yi, vi, group[kept], model, percent)) |>
      setNames(c("model", "groups", "q_between", "q_between_p")))
    for (n in seq_along(found$subgroups)) found$subgroups[[n]]$groups <- unname(found$subgroups[[n]]$groups)
  }
  found
}

tables <- function(ai, n1i, ci, n2i) data.frame(ai, n1i, ci, n2i)
cells <- c("ai", "n1i", "ci", "n2i")
arms <- c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")

bcg <- with(dat.bcg, tables(tpos, tpos + tneg, cpos, cpos + cneg))
collins <- with(dat.collins1985b, tables(pre.xti, pre.nti, pre.xci, pre.nci))
neonatal <- with(dat.collins1985b, tables(ned.xti, fup.nti, ned.xci, fup.nci))
axfors <- with(subset(dat.axfors2021, hcq_cq == "hcq"), tables(hcq_arm_event, hcq_arm_total, control_arm_event, control_arm_total))
colds <- with(subset(dat.dagostino1998, outcome == "rnic1" & !is.na(mt)),
              data.frame(m1i = mt, sd1i = sdt, n1i = nt, m2i = mc, sd2i = sdc, n2i = nc))
gibson <- subset(dat.gibson2002, !is.na(m1i) & !is.na(sd1i))
pignon <- with(dat.pignon2000, data.frame(yi = OmE / V, vi = 1 / V))

cited <- list(
  bcg = "dat.bcg: Colditz et al. 1994, JAMA 271:698-702",
  hine = "dat.hine1989: Hine et al. 1989, as printed by Normand 1999, Stat Med 18:321-359",
  collins = "dat.collins1985b: Collins, Yusuf & Peto 1985, BMJ 290:17-23",
  niel = "dat.nielweise2007: Niel-Weise, Stijnen & van den Broek 2007, Intensive Care Med 33:2058-2068",
  li = "dat.li2007: Li, Zhang, Zhang & Egger 2007, Cochrane Database Syst Rev CD002755",
  hahn = "dat.hahn2001: Hahn, Kim & Garner 2001, BMJ 323:81-85",
  axfors = "dat.axfors2021: Axfors et al. 2021, doi:10.17605/OSF.IO/QESV4",
  normand = "dat.normand1999: Normand 1999, Stat Med 18:321-359",
  gibson = "dat.gibson2002: Gibson et al. 2002, Cochrane Database Syst Rev CD001117",
  colds = "dat.dagostino1998: D'Agostino et al. 1998, Clin Pharmacol Ther 64:579-596",
  hackshaw = "dat.hackshaw1998: Hackshaw 1998, Stat Methods Med Res 7:119-136",
  raudenbush = "dat.raudenbush1985: Raudenbush & Bryk 1985, J Educ Stat 10:75-98",
  bangert = "dat.bangertdrowns2004: Bangert-Drowns, Hurley & Wilkinson 2004, Rev Educ Res 74:29-58",
  pignon = "dat.pignon2000: Pignon et al. 2000, Lancet 355:949-955")
made <- "made for this validation"

cases <- list(
  case_of("bcg-RR", "RR", bcg, cited$bcg, dat.bcg$alloc),
  case_of("bcg-OR", "OR", bcg, cited$bcg, dat.bcg$alloc),
  case_of("bcg-RD", "RD", bcg, cited$bcg, dat.bcg$alloc),
  case_of("bcg-RR-90", "RR", bcg, cited$bcg, level = 0.9),
  case_of("hine-RD", "RD", dat.hine1989[cells], cited$hine),
  case_of("hine-OR", "OR", dat.hine1989[cells], cited$hine),
  case_of("collins-OR", "OR", collins, cited$collins),
  case_of("collins-neonatal-OR", "OR", neonatal, cited$collins),
  case_of("niel-OR", "OR", dat.nielweise2007[cells], cited$niel),
  case_of("niel-RR", "RR", dat.nielweise2007[cells], cited$niel),
  case_of("niel-RD", "RD", dat.nielweise2007[cells], cited$niel),
  case_of("li-OR", "OR", dat.li2007[cells], cited$li),
  case_of("hahn-RR", "RR", dat.hahn2001[cells], cited$hahn),
  case_of("hahn-RD", "RD", dat.hahn2001[cells], cited$hahn),
  case_of("axfors-OR", "OR", axfors, cited$axfors),
  case_of("axfors-RD", "RD", axfors, cited$axfors),
  case_of("normand-MD", "MD", dat.normand1999[arms], cited$normand),
  case_of("normand-SMD", "SMD", dat.normand1999[arms], cited$normand),
  case_of("gibson-SMD", "SMD", gibson[arms], cited$gibson, paste("type", gibson$type)),
  case_of("colds-MD", "MD", colds, cited$colds),
  case_of("hackshaw-generic", "generic", dat.hackshaw1998[c("yi", "vi")], cited$hackshaw, dat.hackshaw1998$design),
  case_of("raudenbush-generic", "generic", dat.raudenbush1985[c("yi", "vi")], cited$raudenbush,
          ifelse(dat.raudenbush1985$weeks > 1, "more than a week", "up to a week")),
  case_of("bangert-generic", "generic", dat.bangertdrowns2004[c("yi", "vi")], cited$bangert),
  case_of("pignon-generic", "generic", pignon, cited$pignon, paste("group", dat.pignon2000$grp)),
  case_of("made-one", "generic", data.frame(yi = 0.4, vi = 0.09), made),
  case_of("made-two-apart", "generic", data.frame(yi = c(-0.3, 0.9), vi = c(0.04, 0.09)), made),
  case_of("made-two-close", "generic", data.frame(yi = c(0.30, 0.34), vi = c(0.04, 0.09)), made),
  case_of("made-chance", "generic", data.frame(yi = c(0.1, 0.3, 0.2, 0.25), vi = c(0.2, 0.1, 0.3, 0.15)), made),
  case_of("made-far", "generic", data.frame(yi = c(-40, 3, 55, 10), vi = c(0.5, 2, 1, 4)), made),
  case_of("made-zero-OR", "OR", tables(c(0, 3, 0, 5), c(20, 30, 25, 40), c(4, 0, 0, 9), c(22, 28, 25, 41)), made),
  case_of("made-zero-RR", "RR", tables(c(0, 3, 0, 5), c(20, 30, 25, 40), c(4, 0, 0, 9), c(22, 28, 25, 41)), made),
  case_of("made-zero-RD", "RD", tables(c(0, 3, 0, 5), c(20, 30, 25, 40), c(4, 0, 0, 9), c(22, 28, 25, 41)), made),
  case_of("made-all-OR", "OR", tables(c(10, 8, 12), c(10, 10, 15), c(12, 6, 14), c(12, 11, 16)), made),
  case_of("made-one-RR", "RR", tables(3, 30, 6, 32), made),
  case_of("made-small-SMD", "SMD", data.frame(m1i = c(5, 4), sd1i = c(1, 2), n1i = c(2, 3), m2i = c(3, 4.5),
                                             sd2i = c(2, 1), n2i = c(2, 4)), made))

versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                 metadat = as.character(packageVersion("metadat")))
json <- function(x) toJSON(x, digits = NA, auto_unbox = TRUE, na = "null")
cat('{"versions": ', json(versions), ',\n"cases": [\n', paste(sapply(cases, json), collapse = ",\n"), "\n]}\n", sep = "")
