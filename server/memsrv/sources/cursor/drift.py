"""What of Cursor's format is known; all else is counted by name, so that drift is seen. A table, no behaviour."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What of a bubble was looked at once: it is read, or says nothing of the conversation.
BUBBLE_FIELDS = _words(
    """
    _v type bubbleId serverBubbleId createdAt text richText rawText initText codeBlocks capabilityType capabilityTypes
    toolFormerData toolResults approximateLintErrors lints codebaseContextChunks commits pullRequests
    attachedCodeChunks attachedFolders attachedFoldersNew attachedFileCodeChunksMetadataOnly
    attachedFileCodeChunksUris attachedFoldersListDirResults assistantSuggestedDiffs suggestedCodeBlocks
    userResponsesToSuggestedCodeBlocks diffsForCompressingFiles diffsSinceLastApply diffHistories
    fileDiffTrajectories gitDiffs docsReferences webReferences webCitations aiWebSearchResults relevantFiles
    interpreterResults images notepads capabilities capabilityStatuses capabilityContexts isCapabilityIteration
    multiFileLinterErrors recentLocationsHistory recentlyViewedFiles isAgentic isQuickSearchQuery isRefunded isNudge
    skipRendering isPlanExecution isThought isChat existedSubsequentTerminalCommand existedPreviousTerminalCommand
    humanChanges attachedHumanChanges deletedFiles summarizedComposers cursorRules contextPieces editTrailContexts
    allThinkingBlocks thinking thinkingStyle thinkingDurationMs supportedTools editToolSupportsSearchAndReplace
    tokenCount tokenCountUpUntilHere tokenDetailsUpUntilHere consoleLogs uiElementPicked knowledgeItems
    documentationSelections externalLinks useWeb projectLayouts unifiedMode todos mcpDescriptors workspaceUris
    workspaceProjectDir modelInfo modelName modelType aiType requestId usageUuid checkpointId afterCheckpointId
    context contextWindowStatusAtCreation timingInfo startedAtMs endedAtMs turnDurationMs symbolLinks fileLinks
    id messageType followup isFocused mentions quotes selections fileSelections folderSelections selectedDocs
    selectedCommits selectedPullRequests selectedImages terminalSelections terminalFiles hasCodeBlock repoStep
    referencedCodeBlockURIs suggestedDiffs dropdownAdvancedCodebaseSearchBehavior searchTypeIfCodebaseQuery
    characterLimit cachedConversationSummary conversationSummary errorDetails serviceStatusUpdate grouping
    conversationState cursorCommands cursorCommandsExplicitlySet pastChats pastChatsExplicitlySet codeBlockData
    promptDryRunInfo isDisplayOnly isEphemeral
    """
)

#: How a tool's call in the editor ended, where it has.
STATUSES = _words("completed error cancelled rejected skipped")
