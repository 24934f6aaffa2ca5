"""What the columns of the Allen tables mean, in our own words.

Names and meanings: AllenSDK's documentation of quality metrics, stimulus tables and trials, and the white papers of the
data sets (reference allen-datasets 2.3).
"""

from __future__ import annotations

from typing import Final

UNITS: Final = {
    "PT_ratio": "Ratio of the height of the peak to the depth of the trough of the mean waveform (1-D)",
    "amplitude": "Mean difference between peak and trough of the unit's waveforms, in microvolts",
    "amplitude_cutoff": "Estimated share of spikes that were missed because they were below the threshold of detection",
    "d_prime": "Separation of the unit from all others, by linear discriminant analysis of principal components",
    "firing_rate": "Mean number of spikes per second over the whole session",
    "isi_violations": "Rate of spikes in the refractory period, relative to what a contaminated unit would have",
    "isolation_distance": "Mahalanobis distance of the unit's spikes from others, in the space of principal components",
    "l_ratio": "Contamination of the unit by other spikes, from their Mahalanobis distances; smaller is better",
    "max_drift": "Largest change of the unit's depth on the probe during the session, in micrometres",
    "nn_hit_rate": "Share of the nearest neighbours of the unit's spikes that belong to the unit",
    "nn_miss_rate": "Share of the nearest neighbours of other units' spikes that belong to the unit",
    "peak_channel_id": "Id of the electrode on which the unit's waveform is largest",
    "presence_ratio": "Share of the session's blocks of time in which the unit fired",
    "quality": "'good' for waveforms of a neuron, 'noise' for those of an artefact",
    "recovery_slope": "Slope of the waveform's return to the baseline after its peak, in microvolts per second",
    "repolarization_slope": "Slope of the waveform from its trough to its peak, in microvolts per second",
    "silhouette_score": "How much better the unit's spikes fit together than with those of other units (-1 to 1)",
    "snr": "Ratio of the amplitude of the waveform to the noise on the unit's peak channel",
    "spread": "Length of the probe over which the unit's waveform is above a part of its maximum, in micrometres",
    "velocity_above": "Speed at which the waveform travels up the probe from the soma, in seconds per metre",
    "velocity_below": "Speed at which the waveform travels down the probe from the soma, in seconds per metre",
    "waveform_duration": "Time from the trough to the peak of the waveform, in milliseconds",
}

TRIALS: Final = {
    "aborted": "Whether the animal licked before the stimulus could change, which ended the trial",
    "auto_rewarded": "Whether a reward was given at the change, whatever the animal did",
    "catch": "Whether the stimulus was left unchanged, to see how often the animal licks by chance",
    "change_frame": "Number of the frame of the stimulus at which the image changed, or would have in a catch trial",
    "change_image_name": "Name of the image after the change",
    "change_time": "When the image changed, or would have in a catch trial, in seconds",
    "correct_reject": "Whether the animal rightly did not lick in a catch trial",
    "false_alarm": "Whether the animal licked in a catch trial",
    "go": "Whether the stimulus changed",
    "hit": "Whether the animal licked within the response window after a change",
    "initial_image_name": "Name of the image before the change",
    "is_change": "Whether the image changed in this trial",
    "miss": "Whether the animal did not lick after a change",
    "response_latency": "Time from the change to the first lick, in seconds; infinite or NaN without one",
    "response_time": "When the animal first licked after the change, in seconds; NaN where it did not",
    "reward_time": "When the reward was given, in seconds; NaN where there was none",
    "reward_volume": "Volume of water that was given, in millilitres",
    "trial_length": "Length of the trial in seconds",
}

PRESENTATIONS: Final = {
    "active": "Whether the animal could earn rewards; False for the replay of the same stimuli without the lick spout",
    "duration": "Length of the presentation in seconds",
    "end_frame": "Number of the frame of the stimulus at which the presentation ended",
    "flashes_since_change": "Number of presentations of the same image since the last change",
    "image_name": "Name of the image that was shown, as among the stimulus templates; 'omitted' for a gap in the row",
    "image_set": "Name of the set that the image belongs to",
    "is_change": "Whether another image than before was shown",
    "is_image_novel": "Whether the animal had not seen the image in an earlier session",
    "is_sham_change": "Whether this was the moment of the change in a catch trial, at which the image stayed the same",
    "omitted": "Whether the image was left out and the gray screen went on",
    "start_frame": "Number of the frame of the stimulus at which the presentation began",
}

OPTOTAGGING: Final = {
    "condition": "The form of the light's power over time, in words",
    "duration": "Length of the stimulation in seconds",
    "level": "Set power of the light, in volts at the input of the light source",
    "stimulus_name": "Name of the form of the light's power over time",
}
OPTOTAGGING_TABLE: Final = "When light was given to tag cells that express a light-gated channel, and in what form."
OPTOTAGGING_MODULE: Final = "Light given to tag cells that express a light-gated channel."
STIMULUS_TIMES: Final = "When each frame of the stimulus was drawn on the monitor, in seconds."
STIMULUS_MODULE: Final = "Times of the frames of the stimulus."
